{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li aria-current="page">Rotate</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Rotate {{key_name}}</h1><p>Add the next credential. Both work until you revoke the old one; rights, limits and history stay with the key.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/{{id}}/credentials/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="had" value="{{had}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-who">
    <div class="card__head"><h2 id="h-who">Next credential</h2></div>
    <div class="card__body form">
          <fieldset>
            <legend class="label">How the client identifies itself</legend>
            <div class="choices">
              <div class="choice"><input type="radio" id="t-mtls" name="type" value="mtls"{{#is_mtls}} checked{{/is_mtls}} aria-describedby="t-mtls-d"><label for="t-mtls">Mutual TLS</label><span class="choice__hint" id="t-mtls-d">By its client certificate. Nothing to send in a header.</span></div>
              <div class="choice"><input type="radio" id="t-token" name="type" value="token"{{#is_token}} checked{{/is_token}} aria-describedby="t-token-d"><label for="t-token">Auth token</label><span class="choice__hint" id="t-token-d">By a secret in a header. Shown once, after creation.</span></div>
            </div>
          </fieldset>
          {{>certificate_field}}
    </div>
    <div class="card__foot actions">
      <button class="btn btn--primary" type="submit">Add</button>
      <a class="btn" href="/admin/keys/{{id}}">Cancel</a>
    </div>
  </section>
  {{>read}}
</form>
