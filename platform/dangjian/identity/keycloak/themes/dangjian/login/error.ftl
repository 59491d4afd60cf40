<#import "template.ftl" as layout>
<@layout.registrationLayout displayMessage=false; section>
<#if section = "header">${msg("djError")}
<#elseif section = "form">
  <p class="dj-text dj-before-form" id="kc-error-message">${kcSanitize(message.summary)?no_esc}</p>
  <#if traceId??><p class="dj-meta">${msg("traceIdSupportMessage", traceId)}</p></#if>
  <#if !skipLink?? && client?? && client.baseUrl?has_content><p><a class="dj-btn dj-btn-primary dj-btn-block" id="backToApplication" href="${client.baseUrl}">${msg("djAgain")}</a></p></#if>
<#elseif section = "foot">${msg("djErrorHelp")}
</#if>
</@layout.registrationLayout>
