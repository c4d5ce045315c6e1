{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li><a href="/admin/users/{{id}}">{{name}}</a></li>
    <li aria-current="page">Add a certificate</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Add a certificate for {{name}}</h1><p>Who shows it in the handshake signs in as {{name}} without a password. It can be no key’s, and no key’s can be added here.</p></div></div>
<form class="form form--cards" method="post" action="/admin/users/{{id}}/certificates/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-who">
    <div class="card__head"><h2 id="h-who">Certificate to sign in with</h2></div>
    <div class="card__body form">
          {{>certificate_field}}
    </div>
    <div class="card__foot actions">
      <button class="btn btn--primary" type="submit">Add</button>
      <a class="btn" href="/admin/users/{{id}}">Cancel</a>
    </div>
  </section>
  {{>read}}
</form>
