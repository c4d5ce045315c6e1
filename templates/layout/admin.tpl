{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="csrf-token" content="{{csrf_token}}">
  <title>{{title}} · Certgate</title>
  <link rel="icon" href="{{assets}}/logo.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{{assets}}/app.css">
  <script src="{{assets}}/app.js" defer></script>
</head>
<body class="shell">
<a class="skip btn" href="#main">Skip to content</a>
<header class="topbar">
  <a class="brand" href="/admin/"><svg class="brand__mark" viewBox="0 0 28 28" aria-hidden="true"><use href="{{assets}}/icons.svg#logo"/></svg>Certgate</a>
  <button class="btn btn--sm" type="button" popovertarget="nav"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#menu"/></svg>Menu</button>
</header>
<nav class="sidebar" id="nav" popover aria-label="Main">
  <a class="brand" href="/admin/"><svg class="brand__mark" viewBox="0 0 28 28" aria-hidden="true"><use href="{{assets}}/icons.svg#logo"/></svg>Certgate</a>
  <p class="sidebar__group" id="nav-0">Gateway</p>
  <ul aria-labelledby="nav-0">
    <li><a href="/admin/"{{#nav_overview}} aria-current="page"{{/nav_overview}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#layout-dashboard"/></svg>Overview</a></li>
    <li><a href="/admin/apis"{{#nav_apis}} aria-current="page"{{/nav_apis}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plug"/></svg>APIs</a></li>
    <li><a href="/admin/policies"{{#nav_policies}} aria-current="page"{{/nav_policies}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#scroll-text"/></svg>Policies</a></li>
    <li><a href="/admin/monitoring"{{#nav_monitoring}} aria-current="page"{{/nav_monitoring}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#activity"/></svg>Monitoring</a></li>
    <li><a href="/admin/refusals"{{#nav_refusals}} aria-current="page"{{/nav_refusals}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#ban"/></svg>Refusals</a></li>
    <li><a href="/admin/explain"{{#nav_explain}} aria-current="page"{{/nav_explain}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-question-mark"/></svg>Explain</a></li>
  </ul>
  <p class="sidebar__group" id="nav-1">Access</p>
  <ul aria-labelledby="nav-1">
    <li><a href="/admin/keys"{{#nav_keys}} aria-current="page"{{/nav_keys}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Keys</a></li>
    <li><a href="/admin/certificates"{{#nav_certificates}} aria-current="page"{{/nav_certificates}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>Certificates</a></li>
  </ul>
  <p class="sidebar__group" id="nav-2">Portal</p>
  <ul aria-labelledby="nav-2">
    <li><a href="/admin/catalogue"{{#nav_catalogue}} aria-current="page"{{/nav_catalogue}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#book-open"/></svg>Catalogue</a></li>
    <li><a href="/admin/developers"{{#nav_developers}} aria-current="page"{{/nav_developers}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#users"/></svg>Developers</a></li>
    <li><a href="/admin/requests"{{#nav_requests}} aria-current="page"{{/nav_requests}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#inbox"/></svg>Requests</a></li>
  </ul>
  <p class="sidebar__group" id="nav-3">System</p>
  <ul aria-labelledby="nav-3">
    <li><a href="/admin/audit"{{#nav_audit}} aria-current="page"{{/nav_audit}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#fingerprint"/></svg>Audit log</a></li>
    <li><a href="/admin/reports/access"{{#nav_reports}} aria-current="page"{{/nav_reports}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#calendar-clock"/></svg>Access report</a></li>
    {{#may_own}}<li><a href="/admin/users"{{#nav_users}} aria-current="page"{{/nav_users}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#users"/></svg>Users</a></li>
    <li><a href="/admin/tokens"{{#nav_tokens}} aria-current="page"{{/nav_tokens}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#file-key"/></svg>REST tokens</a></li>
    <li><a href="/admin/settings"{{#nav_settings}} aria-current="page"{{/nav_settings}}><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#settings"/></svg>Settings</a></li>{{/may_own}}
  </ul>
  <div class="sidebar__gap"></div>
  <div class="sidebar__me">
    <span class="avatar" aria-hidden="true">{{initial}}</span>
    <a class="sidebar__who" href="/admin/password">{{user_name}}<span class="dim">{{user_role}}<span class="sr-only">, change your password</span></span></a>
    <form method="post" action="/admin/logout"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--quiet btn--icon btn--sm" type="submit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#log-out"/></svg><span class="sr-only">Sign out</span></button></form>
  </div>
</nav>
<main class="main {{main_class}}" id="main">
{{>body}}
</main>
</body>
</html>
