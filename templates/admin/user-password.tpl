{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>{{name}}</h1><p>Signs in with it once, and has to choose another password then.</p></div></div>
<section class="card" aria-labelledby="h-tok">
  <div class="card__body stack">
    <div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2 id="h-tok">Copy the one-time password now: it is shown this once</h2><p>Only its hash is stored.</p></div>
    <pre class="code" data-copy>{{password}}</pre>
    <p>The sign-in page is <code class="path">{{base}}/admin/</code></p>
    <div class="actions"><a class="btn btn--primary" href="/admin/users">I have it</a></div>
  </div>
</section>
