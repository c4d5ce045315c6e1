{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{{title}} · {{portal_title}}</title>
  <link rel="icon" href="{{assets}}/logo.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{{assets}}/app.css">
</head>
<body>
<a class="skip btn" href="#main">Skip to content</a>
<main class="gatepage" id="main">
<a class="brand" href="/portal/"><svg class="brand__mark" viewBox="0 0 28 28" aria-hidden="true"><use href="{{assets}}/icons.svg#logo"/></svg>{{portal_title}}</a>
{{>body}}
</main>
</body>
</html>
