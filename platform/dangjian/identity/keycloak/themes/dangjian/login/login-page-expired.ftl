<#import "template.ftl" as layout>
<@layout.registrationLayout; section>
<#if section = "header">${msg("pageExpiredTitle")}
<#elseif section = "form">
  <p class="dj-text dj-before-form">${msg("djExpired")}</p>
  <p><a class="dj-btn dj-btn-primary dj-btn-block" id="loginRestartLink" href="${url.loginRestartFlowUrl}">${msg("djRestart")}</a></p>
  <p class="dj-kc-space"><a class="dj-btn dj-btn-block" id="loginContinueLink" href="${url.loginAction}">${msg("djContinue")}</a></p>
</#if>
</@layout.registrationLayout>
