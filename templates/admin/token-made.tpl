{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/tokens">REST tokens</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>{{name}}</h1><p>Works at once.</p></div></div>
<section class="card" aria-labelledby="h-tok">
  <div class="card__body stack">
    <div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2 id="h-tok">Copy the token now: it is shown this once</h2><p>Only its hash is stored.</p></div>
    <pre class="code code--scroll" data-copy tabindex="0" role="group" aria-label="The token">{{token}}</pre>
    <p>For example:</p>
    <pre class="code" data-copy>curl -H "Authorization: Bearer {{token}}" {{base}}/admin/api/v1/keys</pre>
    <div class="actions"><a class="btn btn--primary" href="/admin/tokens">I have it</a></div>
  </div>
</section>
