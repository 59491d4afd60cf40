<#import "template.ftl" as layout>
<@layout.registrationLayout displayMessage=false; section>
<#if section = "header"><#if messageHeader??>${kcSanitize(msg("${messageHeader}"))?no_esc}<#else>${kcSanitize(message.summary)?no_esc}</#if>
<#elseif section = "form">
  <#if requiredActions?? || messageHeader??><p class="dj-text dj-before-form">${kcSanitize(message.summary)?no_esc}<#if requiredActions??><#list requiredActions>${msg("djColon")}<#items as action>${kcSanitize(msg("requiredAction.${action}"))?no_esc}<#sep>${msg("djComma")}</#items></#list></#if></p></#if>
  <#if !skipLink??>
    <#if pageRedirectUri?has_content><p><a class="dj-btn dj-btn-primary dj-btn-block" href="${pageRedirectUri}">${msg("djBack")}</a></p>
    <#elseif actionUri?has_content><p><a class="dj-btn dj-btn-primary dj-btn-block" href="${actionUri}">${msg("djGoOn")}</a></p>
    <#elseif (client.baseUrl)?has_content><p><a class="dj-btn dj-btn-primary dj-btn-block" href="${client.baseUrl}">${msg("djBack")}</a></p></#if>
  </#if>
</#if>
</@layout.registrationLayout>
