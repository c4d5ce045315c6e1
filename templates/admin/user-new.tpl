{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li aria-current="page">Add</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Add a user</h1><p>Certgate makes a one-time password, which has to be changed at the first sign-in.</p></div></div>
<form class="form form--cards" method="post" action="/admin/users/new">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nobody was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-u">
    <div class="card__head"><h2 id="h-u">Who it is</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}} aria-describedby="{{#error_name}}e-name {{/error_name}}h-name">{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}<p class="hint" id="h-name">What the person types to sign in.</p></div>
      <fieldset>
        <legend class="label">Role</legend>
        <div class="picks" id="f-role">
          <div class="choice"><input type="radio" id="r-viewer" name="role" value="viewer"{{#is_viewer}} checked{{/is_viewer}} aria-describedby="r-viewer-d"><label for="r-viewer">Viewer</label><span class="choice__hint" id="r-viewer-d">Reads, and changes nothing.</span></div>
          <div class="choice"><input type="radio" id="r-admin" name="role" value="admin"{{#is_admin}} checked{{/is_admin}} aria-describedby="r-admin-d"><label for="r-admin">Administrator</label><span class="choice__hint" id="r-admin-d">APIs, keys, certificates, policies.</span></div>
          <div class="choice"><input type="radio" id="r-owner" name="role" value="owner"{{#is_owner}} checked{{/is_owner}} aria-describedby="r-owner-d"><label for="r-owner">Owner</label><span class="choice__hint" id="r-owner-d">Also users, REST tokens and settings.</span></div>
        </div>
      </fieldset>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Create</button><a class="btn" href="/admin/users">Cancel</a></div>
  </section>
</form>
