<#-- Every page: the district's drawing, its name, one column. Sections that a page fills: header · form · info ·
     foot; `show-username` stands where a half signed-in person is named. -->
<#macro registrationLayout bodyClass="" displayInfo=false displayMessage=true displayRequiredFields=false>
<#assign district = (realm.name!"")?keep_before("-")>
<#assign centre = district == "oversight" || district == "centre">
<#assign product = centre?then(msg("djProduct"), msg("djProductOf", (realm.displayName!'')))>
<#assign heading><#nested "header"></#assign>
<#assign chinese = (locale.currentLanguageTag!"zh-CN")?starts_with("zh")>
<!doctype html>
<html lang="${chinese?then('zh-Hans', 'en')}" data-district="${centre?then('centre', district)}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
  <meta name="color-scheme" content="light">
  <meta name="theme-color" content="#F8F0DE">
  <meta name="format-detection" content="telephone=no">
  <meta name="robots" content="noindex, nofollow">
  <#-- Keycloak's own pages put markup into their heading. -->
  <title>${heading?markup_string?replace("<[^>]*>", "", "r")?trim?no_esc} · ${product}</title>
  <link rel="icon" href="${url.resourcesPath}/img/mark.svg" type="image/svg+xml">
  <#list properties.styles?split(' ') as style>
  <link rel="stylesheet" href="${url.resourcesPath}/${style}">
  </#list>
  <script src="${url.resourcesPath}/js/text-size.js"></script>
  <script type="importmap">{"imports": {"rfc4648": "${url.resourcesCommonPath}/vendor/rfc4648/rfc4648.js"}}</script>
  <#if scripts??><#list scripts as script>
  <script src="${script}"></script>
  </#list></#if>
  <#-- Keycloak's own: goes on when the person has signed in in another tab, starts anew when that one is over. -->
  <script type="module">
    <#outputformat "JavaScript">
    import { startSessionPolling } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    startSessionPolling(${(url.ssoLoginInOtherTabsUrl!'')?c});
    </#outputformat>
  </script>
  <#if authenticationSession??>
  <script type="module">
    <#outputformat "JavaScript">
    import { checkAuthSession } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    checkAuthSession(${authenticationSession.authSessionIdHash?c});
    </#outputformat>
  </script>
  </#if>
</head>
<body class="dj-plain" data-page-id="login-${pageId}">
  <a class="dj-skip" href="#main">${msg("djSkip")}</a>
  <div class="dj-phone dj-signin">
    <div class="dj-signin-art" aria-hidden="true"><#include "scenes/${scene()}.ftl"></div>
    <main id="main" class="dj-signin-body" tabindex="-1">
      <div class="dj-signin-brand">
        <#include "mark.ftl">
        <div><#if pageId == "login"><h1>${product}</h1><p class="dj-quiet">${msg("djLine")}</p>
        <#else><h1><#nested "header"></h1><p class="dj-quiet">${product}</p></#if></div>
      </div>
      <#if auth?has_content && auth.showUsername() && !auth.showResetCredentials()>
      <p class="dj-kc-who"><span>${auth.attemptedUsername}</span> <a class="dj-btn dj-btn-quiet" href="${url.loginRestartFlowUrl}">${msg("restartLoginTooltip")}</a></p>
      </#if>
      <#if displayMessage && message?has_content && (message.type != 'warning' || !isAppInitiatedAction??)>
      <div class="dj-banner dj-banner-inset ${(message.type == 'error')?then('dj-banner-error', 'dj-banner-due')}" role="status"><#include "alert.ftl"><div>${kcSanitize(message.summary)?no_esc}</div></div>
      </#if>
      <#nested "form">
      <#if auth?has_content && auth.showTryAnotherWayLink()>
      <form action="${url.loginAction}" method="post" class="dj-kc-space">
        <button class="dj-btn dj-btn-quiet" name="tryAnotherWay" value="on">${msg("doTryAnotherWay")}</button>
      </form>
      </#if>
      <#nested "socialProviders">
      <#if displayInfo><div class="dj-kc-space"><#nested "info"></div></#if>
      <div class="dj-form-links">
        <span><#nested "links"></span>
        <span class="dj-kc-preferences">
          <#if realm.internationalizationEnabled && locale.supported?size gt 1>
            <#list locale.supported as l><#if l.label != locale.current>
            <a class="dj-btn dj-btn-quiet" href="${l.url}">${chinese?then("English", "中文")}</a>
            </#if></#list>
          </#if>
          <button type="button" class="dj-btn dj-btn-quiet" id="text-size" data-large="${msg("djLarge")}" data-plain="${msg("djPlain")}" hidden><svg class="dj-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M3.75 18.5L8.5 6l4.75 12.5M5.4 14.5h6.2"/><path d="M14.5 18.5l3-7.75 3 7.75M15.5 16h4"/></svg><span>${msg("djLarge")}</span></button>
        </span>
      </div>
    </main>
    <footer class="dj-signin-foot dj-meta"><#nested "foot"></footer>
  </div>
</body>
</html>
</#macro>

<#function scene>
  <#if district == "luoyang"><#return "peony"></#if>
  <#if centre><#return "centre"></#if>
  <#return "river">
</#function>
