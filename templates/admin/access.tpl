{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="{{list_path}}">{{list}}</a></li>
    <li><a href="{{path}}">{{name}}</a></li>
    <li aria-current="page">Access rights</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Access rights of {{name}}</h1><p>Any entry that fits lets a call in. An entry’s own limits hold beside those of the key.</p></div></div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>
{{#has_problem}}<p>{{problem}}</p>{{/has_problem}}
{{#has_errors}}<ul>{{#errors}}<li>{{summary}}</li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
{{#stale}}<div class="note note--warn" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Somebody else changed this while you did</h2>
<p>Nothing was saved. The form holds your values; press Save again to put them in the place of what is there now: <a href="{{path}}/access">see that</a>.</p>
</div>{{/stale}}
<form class="form form--cards" method="post" action="{{path}}/access">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  {{#entries}}<section class="card" aria-labelledby="h-{{n}}">
    <div class="card__head"><h2 id="h-{{n}}">{{#fresh}}One more{{/fresh}}{{#no_fresh}}{{api_name}}{{/no_fresh}}</h2></div>
    <div class="card__body form">
      {{#no_fresh}}<input type="hidden" name="access.{{n}}.api_id" value="{{api_id}}">{{/no_fresh}}
      {{#fresh}}<div class="field{{#error_api_id}} field--error{{/error_api_id}}"><label for="f-{{n}}-api_id">API</label>{{#is_choice}}<select class="select" id="f-{{n}}-api_id" name="access.{{n}}.api_id"{{#error_api_id}} aria-invalid="true" aria-describedby="e-{{n}}-api_id"{{/error_api_id}}{{#focus_api_id}} autofocus{{/focus_api_id}}><option value="">—</option>{{#choices}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/choices}}</select>{{/is_choice}}{{#is_typed}}<input class="input" id="f-{{n}}-api_id" name="access.{{n}}.api_id" value="{{value}}" list="apis" placeholder="Name, or id" autocomplete="off" spellcheck="false"{{#error_api_id}} aria-invalid="true" aria-describedby="e-{{n}}-api_id"{{/error_api_id}}{{#focus_api_id}} autofocus{{/focus_api_id}}><datalist id="apis">{{#choices}}<option value="{{text}}"></option>{{/choices}}</datalist>{{/is_typed}}{{#error_api_id}}<p class="error" id="e-{{n}}-api_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_api_id}}</div>{{/fresh}}
      <div class="fields">
        <div class="field{{#error_methods}} field--error{{/error_methods}}"><label for="f-{{n}}-methods">Methods</label><input class="input" id="f-{{n}}-methods" name="access.{{n}}.methods" value="{{methods}}" placeholder="All" spellcheck="false"{{#error_methods}} aria-invalid="true"{{/error_methods}}{{#focus_methods}} autofocus{{/focus_methods}} aria-describedby="{{#error_methods}}e-{{n}}-methods {{/error_methods}}h-{{n}}-methods">{{#error_methods}}<p class="error" id="e-{{n}}-methods"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_methods}}<p class="hint" id="h-{{n}}-methods">For example GET, HEAD</p></div>
        <div class="field{{#error_paths}} field--error{{/error_paths}}"><label for="f-{{n}}-paths">Paths</label><input class="input" id="f-{{n}}-paths" name="access.{{n}}.paths" value="{{paths}}" placeholder="All" spellcheck="false"{{#error_paths}} aria-invalid="true"{{/error_paths}}{{#focus_paths}} autofocus{{/focus_paths}} aria-describedby="{{#error_paths}}e-{{n}}-paths {{/error_paths}}h-{{n}}-paths">{{#error_paths}}<p class="error" id="e-{{n}}-paths"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_paths}}<p class="hint" id="h-{{n}}-paths">Below the listen path, with commas, for example /quotes/*</p></div>
      </div>
      <div class="fields">
        <div class="field{{#error_rate_limit}} field--error{{/error_rate_limit}}"><label for="f-{{n}}-rate_limit">Rate of its own</label><div class="with-unit"><input class="input" id="f-{{n}}-rate_limit" name="access.{{n}}.rate.limit" value="{{rate_limit}}" inputmode="numeric" placeholder="None"{{#error_rate_limit}} aria-invalid="true"{{/error_rate_limit}}{{#focus_rate_limit}} autofocus{{/focus_rate_limit}}{{#error_rate_limit}} aria-describedby="e-{{n}}-rate_limit"{{/error_rate_limit}}><select class="select" name="access.{{n}}.rate.per_seconds" aria-label="Rate of its own per">{{#spans}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/spans}}</select></div>{{#error_rate_limit}}<p class="error" id="e-{{n}}-rate_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_rate_limit}}</div>
        <div class="field{{#error_quota_limit}} field--error{{/error_quota_limit}}"><label for="f-{{n}}-quota_limit">Quota of its own</label><div class="with-unit"><input class="input" id="f-{{n}}-quota_limit" name="access.{{n}}.quota.limit" value="{{quota_limit}}" inputmode="numeric" placeholder="None"{{#error_quota_limit}} aria-invalid="true"{{/error_quota_limit}}{{#focus_quota_limit}} autofocus{{/focus_quota_limit}}{{#error_quota_limit}} aria-describedby="e-{{n}}-quota_limit"{{/error_quota_limit}}><select class="select" name="access.{{n}}.quota.period" aria-label="Quota of its own per">{{#periods}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/periods}}</select></div>{{#error_quota_limit}}<p class="error" id="e-{{n}}-quota_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_quota_limit}}</div>
      </div>
      <div class="check"><input type="checkbox" id="s-{{n}}" name="access.{{n}}.separate"{{#is_separate}} checked{{/is_separate}}><label for="s-{{n}}">The key’s rate and quota are counted for this API alone</label></div>
      {{#no_fresh}}<div class="check"><input type="checkbox" id="r-{{n}}" name="access.{{n}}.remove"{{#is_remove}} checked{{/is_remove}}><label for="r-{{n}}">Take this right away</label></div>{{/no_fresh}}
    </div>
  </section>
  {{/entries}}
  <div class="actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="{{path}}">Cancel</a><span class="muted">Holds from the next request on</span></div>
</form>
