{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{{title}} · Certgate</title>
  <link rel="icon" href="{{assets}}/logo.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{{assets}}/app.css">
</head>
<body>
<a class="skip btn" href="#main">Skip to content</a>
<main class="gatepage" id="main">
<a class="brand" href="/admin/"><svg class="brand__mark" viewBox="0 0 28 28" aria-hidden="true"><use href="{{assets}}/icons.svg#logo"/></svg>Certgate</a>
{{>body}}
</main>
</body>
</html>
