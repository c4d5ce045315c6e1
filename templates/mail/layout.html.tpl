{{%AUTOESCAPE context="HTML"}}
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{{subject}}</title>
  <style>
    body { margin: 0; padding: 24px 12px; background: #f6f7f5; color: #16201c; font: 15px/1.55 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
    main { max-width: 560px; margin: 0 auto; padding: 28px; background: #ffffff; border: 1px solid #e3e6e1; border-radius: 10px; overflow-wrap: anywhere; }
    h1 { margin: 0 0 6px; font-size: 20px; line-height: 1.3; }
    p { margin: 0 0 16px; }
    .brand { margin-bottom: 20px; color: #0b6b57; font-weight: bold; }
    .quiet { margin: 0; color: #5f6a64; font-size: 13px; }
    .quiet a { color: #0b6b57; }
    .button { display: inline-block; padding: 9px 16px; border-radius: 8px; background: #0b6b57; color: #ffffff; font-weight: bold; text-decoration: none; }
    .said { padding: 12px 14px; border-left: 3px solid #e3e6e1; white-space: pre-wrap; }
    table { width: 100%; margin: 0 0 18px; border-collapse: collapse; }
    th, td { padding: 7px 0; border-top: 1px solid #e3e6e1; text-align: left; vertical-align: top; font-size: 14px; }
    th { width: 110px; padding-right: 12px; color: #5f6a64; font-weight: normal; }
    pre { margin: 0 0 18px; padding: 12px 14px; border: 1px solid #e3e6e1; border-radius: 8px; background: #fafbf9; font: 13px/1.6 Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
    @media (prefers-color-scheme: dark) {
      body { background: #0e1412; color: #e9efec; }
      main { background: #151d1a; border-color: #26302c; }
      .brand { color: #53c9a8; }
      .quiet, th { color: #98a59f; }
      .quiet a { color: #53c9a8; }
      .button { background: #53c9a8; color: #06231b; }
      .said, th, td { border-color: #26302c; }
      pre { background: #121917; border-color: #26302c; }
    }
  </style>
</head>
<body>
<main>
  <p class="brand">{{portal_title}}</p>
{{>body}}
</main>
</body>
</html>
