<#import "template.ftl" as layout>
<@layout.registrationLayout; section>
<#if section = "header">${msg("logoutConfirmTitle")}
<#elseif section = "form">
  <p class="dj-text dj-before-form">${msg("logoutConfirmHeader")}</p>
  <form action="${url.logoutConfirmAction}" method="post">
    <input type="hidden" name="session_code" value="${logoutConfirm.code}">
    <button type="submit" class="dj-btn dj-btn-primary dj-btn-block" name="confirmLogout" id="kc-logout" value="on">${msg("doLogout")}</button>
  </form>
  <#if !logoutConfirm.skipLink && (client.baseUrl)?has_content><p class="dj-kc-space"><a class="dj-btn dj-btn-block" href="${client.baseUrl}">${msg("djStay")}</a></p></#if>
</#if>
</@layout.registrationLayout>
