{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>REST tokens</h1><p>For scripts. A token never has more right than its owner has now, and ends with him, after a year at most.</p></div>
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The token has ended</h2></div>{{/deleted}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}{{#made}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>The token was made already</h2><p>The form was sent twice, and {{name}} was made once: the answer to the first press showed the token, and it cannot be shown again. If you do not have it, let another one take its place.</p>
<form method="post" action="/admin/tokens">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  <input type="hidden" name="replaces" value="{{id}}">
  <input type="hidden" name="name" value="{{name}}">
  <input type="hidden" name="role" value="{{role}}">
  <input type="hidden" name="expires_at" value="{{expires_at}}">
  <button class="btn" type="submit">End {{name}} and make another</button>
</form></div>{{/made}}
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>No token was made</h2>{{>faults}}</div>{{/failed}}
{{#has_items}}<section class="card" aria-label="REST tokens">
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">REST tokens</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Status</th><th scope="col">Ends</th><th scope="col">Last used</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/tokens/{{id}}">{{name}}</a><span class="table__sub" title="of {{owner}}">of {{owner}}</span></th>
          <td data-label="Role" class="nowrap">{{role}}</td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Ends">{{#ends}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/ends}}</td>
          <td data-label="Last used">{{#used}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used}}{{#no_used}}never{{/no_used}}</td>
          <td data-label="Actions" class="right"><a class="btn btn--sm btn--danger" href="/admin/tokens/{{id}}/delete">End<span class="sr-only"> {{name}}</span></a></td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>{{/has_items}}
<form class="form form--cards" method="post" action="/admin/tokens">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  <section class="card" aria-labelledby="h-new">
    <div class="card__head"><h2 id="h-new">Add a token of yours</h2></div>
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
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Create</button></div>
  </section>
</form>
