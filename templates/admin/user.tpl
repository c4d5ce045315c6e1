{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li aria-current="page">{{shown_name}}</li>
  </ol>
</nav>
{{#there}}<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{name}}</h1>{{#held}}<span class="badge badge--warn">Held</span>{{/held}}</div><p>{{role}} · added {{#created}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/created}}{{#own}} · this is you{{/own}}</p></div>
</div>{{/there}}
{{#password_gone}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>No second one-time password was given</h2><p>The user was made or changed since that form was opened. If you pressed the button twice, the answer to the first press showed the password, and it cannot be shown again. If you do not have it, give another one below.</p></div>{{/password_gone}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}{{#added}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was added</h2>{{#dropped}}<p>The text held a private key: only the certificate was kept.</p>{{/dropped}}</div>{{/added}}{{#already}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>This user has the certificate already</h2><p>Nothing was changed.{{#dropped}} The text held a private key, which was dropped.{{/dropped}}</p></div>{{/already}}{{#removed}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was removed</h2></div>{{/removed}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
<form class="form form--cards" method="post" action="/admin/users/{{id}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <section class="card" aria-labelledby="h-u">
    <div class="card__head"><h2 id="h-u">What {{shown_name}} may do</h2></div>
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
      <div class="field{{#error_email}} field--error{{/error_email}}"><label for="f-email">E-mail</label><input class="input" id="f-email" name="email" type="email" value="{{email}}" maxlength="254" autocomplete="off"{{#error_email}} aria-invalid="true"{{/error_email}}{{#focus_email}} autofocus{{/focus_email}} aria-describedby="{{#error_email}}e-email {{/error_email}}h-email">{{#error_email}}<p class="error" id="e-email"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_email}}<p class="hint" id="h-email">Where notices go, such as of a new request. Empty: nowhere.</p></div>
      <div class="check"><input type="checkbox" id="held" name="held" value="1"{{#is_held}} checked{{/is_held}} aria-describedby="held-d"><div><label for="held">Held</label><p class="hint" id="held-d">May do nothing until this is switched off.</p></div></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/users">Cancel</a></div>
  </section>
</form>
<section class="card" aria-labelledby="h-c">
  <div class="card__head"><h2 id="h-c">Certificates to sign in with</h2></div>
  {{#has_certificates}}<div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Certificates that sign {{shown_name}} in</caption>
      <thead><tr><th scope="col">Subject</th><th scope="col">SHA-256</th><th scope="col">Status</th><th scope="col">Valid until</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
      <tbody>
        {{#certificates}}<tr>
          <th scope="row"><span class="table__name">{{subject}}</span></th>
          <td data-label="SHA-256"><code class="fp">{{sha256_start}}</code></td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Valid until" class="nowrap">{{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</td>
          <td data-label="Actions" class="right"><a class="btn btn--sm btn--danger" href="/admin/users/{{id}}/certificates/{{sha256}}/delete">Remove<span class="sr-only"> {{subject}}</span></a></td>
        </tr>
        {{/certificates}}
      </tbody>
    </table>
  </div>{{/has_certificates}}
  <div class="card__body stack">{{#no_certificates}}<p class="muted">None: {{shown_name}} signs in with the password.</p>{{/no_certificates}}<a class="btn" href="/admin/users/{{id}}/certificates/new">Add a certificate</a></div>
</section>
<section class="card" aria-labelledby="h-p">
  <div class="card__head"><h2 id="h-p">Password</h2></div>
  <div class="card__body stack"><p class="muted">A one-time password signs {{shown_name}} out everywhere; the old one ends.</p><form method="post" action="/admin/users/{{id}}/reset"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="revision" value="{{revision}}"><button class="btn" type="submit">Give a one-time password</button></form></div>
</section>
<section class="card card--danger" aria-labelledby="h-del">
  <div class="card__head"><h2 id="h-del">Delete</h2></div>
  <div class="card__body stack"><p class="muted">Sessions and REST tokens end with it.</p><a class="btn btn--danger" href="/admin/users/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete {{shown_name}}</a></div>
</section>
