<#-- A field with its label, hint and errors, as the product's identity/field.html. errors: the name Keycloak reports them
     under. said: what is wrong where Keycloak reports it for the page as a whole. -->
<#macro field name label type="text" value="" autocomplete="" hint="" errors=name focus=false said="">
<#local wrong = said><#if messagesPerField.existsError(errors)><#local wrong = messagesPerField.get(errors)></#if>
<div class="dj-field">
  <label class="dj-label" for="${name}">${label}</label>
  <input class="dj-input" id="${name}" name="${name}" type="${type}"<#if type != "password"> value="${value}"</#if> autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false" dir="ltr" required<#if focus> autofocus</#if><#if wrong?has_content> aria-invalid="true"</#if><#if wrong?has_content || hint?has_content> aria-describedby="${name}-about"</#if>>
  <#if wrong?has_content || hint?has_content>
  <div id="${name}-about">
    <#if wrong?has_content><p class="dj-err" role="alert"><#include "alert.ftl"><span>${kcSanitize(wrong)?no_esc}</span></p></#if>
    <#if hint?has_content><p class="dj-hints">${hint}</p></#if>
  </div>
  </#if>
</div>
</#macro>
