<#import "template.ftl" as layout>
<#import "field.ftl" as fields>
<#import "passkeys.ftl" as passkeys>
<#assign wrong = messagesPerField.existsError('username','password')>
<@layout.registrationLayout displayMessage=!wrong; section>
<#if section = "header">${msg("doLogIn")}
<#elseif section = "form">
  <form id="kc-form-login" action="${url.loginAction}" method="post">
    <#if !usernameHidden??>
    <@fields.field name="username" label=msg("djUsername") value=(login.username!'') autocomplete=(enableWebAuthnConditionalUI?has_content)?then('username webauthn', 'username') errors="none" focus=!(login.username?has_content) />
    </#if>
    <div class="dj-field">
      <label class="dj-label" for="password">${msg("password")}</label>
      <input class="dj-input" id="password" name="password" type="password" autocomplete="current-password" dir="ltr" required<#if login.username?has_content> autofocus</#if><#if wrong> aria-invalid="true" aria-describedby="password-about"</#if>>
      <#if wrong><div id="password-about"><p class="dj-err" role="alert"><#include "alert.ftl"><span>${kcSanitize(messagesPerField.getFirstError('username','password'))?no_esc}</span></p></div></#if>
    </div>
    <input type="hidden" name="credentialId"<#if auth.selectedCredential?has_content> value="${auth.selectedCredential}"</#if>>
    <div class="dj-form-end"><button type="submit" class="dj-btn dj-btn-primary dj-btn-block" id="kc-login">${msg("doLogIn")}</button></div>
  </form>
  <@passkeys.conditionalUIData />
<#elseif section = "links"><#if (client.baseUrl)?has_content><a class="dj-btn dj-btn-quiet" href="${client.baseUrl}forgotten/">${msg("djForgotten")}</a></#if>
<#elseif section = "foot"><#if realm.name != "oversight">${msg("djHelp")}</#if>
</#if>
</@layout.registrationLayout>
