<#import "template.ftl" as layout>
<#import "field.ftl" as fields>
<#-- What breaks the rules for passwords is said for the whole page; what is merely to be done the heading says. -->
<#assign said = ""><#if message?has_content && message.type == "error" && !messagesPerField.existsError('password-confirm')><#assign said = message.summary></#if>
<@layout.registrationLayout displayMessage=false; section>
<#if section = "header">${(isAppInitiatedAction??)?then(msg("djChangePassword"), msg("djFirstPassword"))}
<#elseif section = "form">
  <#if !isAppInitiatedAction??><p class="dj-text dj-before-form">${msg("djFirstPasswordText")}</p></#if>
  <form id="kc-passwd-update-form" action="${url.loginAction}" method="post">
    <input class="dj-sr" name="username" type="text" value="${(auth.attemptedUsername)!''}" autocomplete="username" tabindex="-1" aria-hidden="true" readonly>
    <@fields.field name="password-new" label=msg("passwordNew") type="password" autocomplete="new-password" hint=msg("djPasswordHint") errors="password" said=said focus=true />
    <@fields.field name="password-confirm" label=msg("passwordConfirm") type="password" autocomplete="new-password" />
    <#if isAppInitiatedAction??><div class="dj-kc-options"><label><input type="checkbox" name="logout-sessions" value="on" checked> ${msg("logoutOtherSessions")}</label></div>
    <#else><input type="hidden" name="logout-sessions" value="on"></#if>
    <div class="dj-form-end">
      <button type="submit" class="dj-btn dj-btn-primary dj-btn-block">${(isAppInitiatedAction??)?then(msg("djChange"), msg("djSet"))}</button>
    </div>
  </form>
  <#if isAppInitiatedAction??>
  <form action="${url.loginAction}" method="post" class="dj-kc-space"><button type="submit" class="dj-btn dj-btn-block" name="cancel-aia" value="true">${msg("doCancel")}</button></form>
  </#if>
</#if>
</@layout.registrationLayout>
