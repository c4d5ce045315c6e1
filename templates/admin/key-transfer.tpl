{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li aria-current="page">Transfer</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Whose key is {{key_name}}?</h1><p>Its organisation sees it in the portal, and gets the notices about it.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/{{id}}/transfer">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
  <section class="card" aria-label="Organisation">
    <div class="card__body form">
      <div class="field{{#error_organisation_id}} field--error{{/error_organisation_id}}"><label for="f-organisation_id">Organisation</label><input class="input" id="f-organisation_id" name="organisation_id" value="{{organisation_id}}" autocomplete="off" maxlength="200" list="organisations"{{#error_organisation_id}} aria-invalid="true"{{/error_organisation_id}}{{#focus_organisation_id}} autofocus{{/focus_organisation_id}} aria-describedby="{{#error_organisation_id}}e-organisation_id {{/error_organisation_id}}h-organisation_id"><datalist id="organisations">{{#offered}}<option value="{{item}}"></option>{{/offered}}</datalist>{{#error_organisation_id}}<p class="error" id="e-organisation_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_organisation_id}}<p class="hint" id="h-organisation_id">Name or id. Empty: nobody's; it works all the same.</p></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/keys/{{id}}">Cancel</a></div>
  </section>
</form>
