{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li aria-current="page">Credential</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><div class="head__title"><h1>{{subject}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p>Of the key {{key_name}} · <code class="fp">{{start}}</code></p></div></div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
<form class="form form--cards" method="post" action="/admin/keys/{{id}}/credentials/{{sha256}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <section class="card" aria-labelledby="h-when">
    <div class="card__head"><h2 id="h-when">When it counts</h2></div>
    <div class="card__body form">
      <div class="fields">
        <div class="field{{#error_active_from}} field--error{{/error_active_from}}"><label for="f-active_from">Counts from</label><input class="input" id="f-active_from" name="active_from" value="{{active_from}}" spellcheck="false" autocomplete="off" placeholder="At once"{{#error_active_from}} aria-invalid="true"{{/error_active_from}}{{#focus_active_from}} autofocus{{/focus_active_from}}{{#error_active_from}} aria-describedby="e-active_from"{{/error_active_from}}>{{#error_active_from}}<p class="error" id="e-active_from"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_active_from}}</div>
        <div class="field{{#error_ends_at}} field--error{{/error_ends_at}}"><label for="f-ends_at">Ends at</label><input class="input" id="f-ends_at" name="ends_at" value="{{ends_at}}" spellcheck="false" autocomplete="off" placeholder="With its certificate, or never"{{#error_ends_at}} aria-invalid="true"{{/error_ends_at}}{{#focus_ends_at}} autofocus{{/focus_ends_at}}{{#error_ends_at}} aria-describedby="e-ends_at"{{/error_ends_at}}>{{#error_ends_at}}<p class="error" id="e-ends_at"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_ends_at}}</div>
      </div>
      <p class="hint">UTC, for example 2027-01-31 or 2027-01-31T12:00:00Z. To renew, add the next credential with Rotate and give this one its end.</p>
      {{#is_token}}<div class="field{{#error_bound_to}} field--error{{/error_bound_to}}"><label for="f-bound_to">Only beside one of these certificates</label><textarea class="textarea textarea--short mono" id="f-bound_to" name="bound_to" rows="2" spellcheck="false" autocomplete="off"{{#error_bound_to}} aria-invalid="true"{{/error_bound_to}}{{#focus_bound_to}} autofocus{{/focus_bound_to}} aria-describedby="{{#error_bound_to}}e-bound_to {{/error_bound_to}}h-bound_to">{{bound_to:p}}</textarea>{{#error_bound_to}}<p class="error" id="e-bound_to"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_bound_to}}<p class="hint" id="h-bound_to">SHA-256 of certificates, one a line; empty: beside any, or none.</p></div>{{/is_token}}
      <div class="switch"><input type="checkbox" role="switch" id="active" name="active"{{#is_active}} checked{{/is_active}} aria-describedby="active-d"><div><label for="active">Active</label><p id="active-d">Off: refused. To switch a revoked one on again takes the revocation back.</p></div></div>
      {{#is_held}}<div class="check"><input type="checkbox" id="held" name="held"{{#is_held}} checked{{/is_held}}><label for="held">Held since a restore: refused until this is switched off</label></div>{{/is_held}}
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/keys/{{id}}">Cancel</a><span class="muted">Holds from the next request on</span></div>
  </section>
</form>
