{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{{title}} · {{portal_title}}</title>
  <link rel="icon" href="{{assets}}/logo.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{{assets}}/app.css">
  <script src="{{assets}}/app.js" defer></script>
</head>
<body>
<a class="skip btn" href="#main">Skip to content</a>
<header class="portal-bar">
  <div class="wrap portal-bar__in">
    <a class="brand" href="/portal/"><svg class="brand__mark" viewBox="0 0 28 28" aria-hidden="true"><use href="{{assets}}/icons.svg#logo"/></svg>{{portal_title}}</a>
    <nav aria-label="Main">
      <ul>
        <li><a href="/portal/"{{#nav_catalogue}} aria-current="page"{{/nav_catalogue}}>Catalogue</a></li>
        {{#signed_in}}<li><a href="/portal/keys"{{#nav_keys}} aria-current="page"{{/nav_keys}}>My keys</a></li>
        <li><a href="/portal/usage"{{#nav_usage}} aria-current="page"{{/nav_usage}}>Usage</a></li>
        <li><a href="/portal/organisation"{{#nav_organisation}} aria-current="page"{{/nav_organisation}}>Organisation</a></li>
        <li><a href="/portal/account"{{#nav_account}} aria-current="page"{{/nav_account}}>Account</a></li>{{/signed_in}}
      </ul>
    </nav>
    {{#signed_in}}<div class="portal-bar__me">
      <span class="avatar" aria-hidden="true">{{initial}}</span><span class="hide-sm small">{{user_name}}</span>
      <form method="post" action="/portal/logout"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--quiet btn--icon btn--sm" type="submit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#log-out"/></svg><span class="sr-only">Sign out</span></button></form>
    </div>{{/signed_in}}
    {{#no_signed_in}}<div class="portal-bar__me"><a class="btn btn--sm" href="/portal/login">Sign in</a></div>{{/no_signed_in}}
  </div>
</header>
<main class="wrap page {{main_class}}" id="main">
{{>body}}
</main>
<footer class="wrap foot">{{portal_title}} · <a href="/portal/help">Help</a> · <a href="/portal/whoami">Which certificate am I sending?</a></footer>
</body>
</html>
