{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/tokens">REST tokens</a></li>
    <li aria-current="page">{{token_name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>{{token_name}}</h1></div></div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
<form class="form form--cards" method="post" action="/admin/tokens/{{id}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <section class="card" aria-labelledby="h-new">
    <div class="card__head"><h2 id="h-new">What it may do, and until when</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <fieldset>
        <legend class="label">Role</legend>
        <div class="picks" id="f-role">
          <div class="choice"><input type="radio" id="r-viewer" name="role" value="viewer"{{#is_viewer}} checked{{/is_viewer}} aria-describedby="r-viewer-d"><label for="r-viewer">Viewer</label><span class="choice__hint" id="r-viewer-d">Reads, and changes nothing.</span></div>
          <div class="choice"><input type="radio" id="r-admin" name="role" value="admin"{{#is_admin}} checked{{/is_admin}} aria-describedby="r-admin-d"><label for="r-admin">Administrator</label><span class="choice__hint" id="r-admin-d">APIs, keys, certificates, policies.</span></div>
          <div class="choice"><input type="radio" id="r-owner" name="role" value="owner"{{#is_owner}} checked{{/is_owner}} aria-describedby="r-owner-d"><label for="r-owner">Owner</label><span class="choice__hint" id="r-owner-d">Also users, REST tokens and settings.</span></div>
        </div>
      </fieldset>
      <div class="field{{#error_expires_at}} field--error{{/error_expires_at}}"><label for="f-expires_at">Expires on</label><input class="input" id="f-expires_at" name="expires_at" value="{{expires_at}}" spellcheck="false" autocomplete="off"{{#error_expires_at}} aria-invalid="true"{{/error_expires_at}}{{#focus_expires_at}} autofocus{{/focus_expires_at}} aria-describedby="{{#error_expires_at}}e-expires_at {{/error_expires_at}}h-expires_at">{{#error_expires_at}}<p class="error" id="e-expires_at"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_expires_at}}<p class="hint" id="h-expires_at">UTC, for example 2027-01-31; a year from now unless given.</p></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/tokens">Cancel</a></div>
  </section>
</form>
