{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><h1>{{name}}</h1><p>Created just now. It works from the next request on.</p></div>
</div>
<section class="card" aria-labelledby="h-tok">
  <div class="card__body stack">
    <div class="note note--warn" role="status">
      <svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg>
      <h2 id="h-tok">Copy the token now: it is shown this once</h2>
      <p>Only its hash is stored. If it is lost, rotate the key.</p>
    </div>
    <pre class="code code--scroll" data-copy tabindex="0" role="group" aria-label="The token">{{token}}</pre>
    <p>Call an API with it:</p>
    <pre class="code" data-copy>curl -H "Authorization: Bearer {{token}}" {{base}}{{path}}</pre>
    <div class="actions"><a class="btn btn--primary" href="/admin/keys/{{id}}">I have it, go to the key</a></div>
  </div>
</section>
