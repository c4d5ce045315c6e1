{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/organisations">Organisations</a></li>
    <li aria-current="page">{{shown_name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{shown_name}}</h1>{{#no_active}}<span class="badge badge--warn">Switched off</span>{{/no_active}}</div><p>Added {{#added}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/added}}</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn" href="/admin/developers/new?organisation={{id}}"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add developer</a></div>{{/may_change}}
</div>
{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The organisation was added</h2></div>{{/created}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
<section class="card" aria-labelledby="h-members">
  <div class="card__head"><h2 id="h-members">Developers</h2></div>
  {{#has_members}}<ul class="lines">{{#members}}<li><a href="/admin/developers/{{id}}">{{name}}</a> <span class="muted">{{email}}</span></li>{{/members}}</ul>{{/has_members}}{{#no_members}}<div class="card__body"><p class="muted">Nobody. Contacts get the notices all the same.</p></div>{{/no_members}}
</section>
<section class="card" aria-labelledby="h-keys">
  <div class="card__head"><h2 id="h-keys">Keys</h2></div>
  {{#has_keys}}<ul class="lines">{{#keys}}<li><a href="/admin/keys/{{id}}">{{name}}</a></li>{{/keys}}</ul>{{/has_keys}}{{#more_keys}}<div class="card__foot"><p><a href="/admin/keys?organisation_id={{id}}">All of its keys</a></p></div>{{/more_keys}}{{#no_keys}}<div class="card__body"><p class="muted">None. On a key's page, “Transfer” gives it to an organisation.</p></div>{{/no_keys}}
</section>
{{#may_change}}<form class="form form--cards" method="post" action="/admin/organisations/{{id}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <section class="card" aria-labelledby="h-o">
    <div class="card__head"><h2 id="h-o">Organisation</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <div class="field{{#error_contacts}} field--error{{/error_contacts}}"><label for="f-contacts">Contacts</label><textarea class="textarea" id="f-contacts" name="contacts" rows="3"{{#error_contacts}} aria-invalid="true"{{/error_contacts}}{{#focus_contacts}} autofocus{{/focus_contacts}} aria-describedby="{{#error_contacts}}e-contacts {{/error_contacts}}h-contacts">{{contacts:p}}</textarea>{{#error_contacts}}<p class="error" id="e-contacts"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_contacts}}<p class="hint" id="h-contacts">E-mail addresses, one a line, that get notices about the keys beside the developers.</p></div>
      <div class="check"><input type="checkbox" id="active" name="active" value="1"{{#is_active}} checked{{/is_active}} aria-describedby="active-d"><div><label for="active">Active</label><p class="hint" id="active-d">Off: its keys are refused from the next request on, and its developers cannot sign in. They come back with it.</p></div></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/organisations">Cancel</a></div>
  </section>
</form>
{{#unused}}<section class="card card--danger" aria-labelledby="h-del">
  <div class="card__head"><h2 id="h-del">Delete</h2></div>
  <form class="card__body stack" method="post" action="/admin/organisations/{{id}}/delete"><p class="muted">It has neither developers nor keys.</p><input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="revision" value="{{revision}}"><button class="btn btn--danger" type="submit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete {{shown_name}}</button></form>
</section>{{/unused}}{{/may_change}}
