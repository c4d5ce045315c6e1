{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/policies">Policies</a></li>
    <li aria-current="page">{{policy_name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><div class="head__title"><h1>{{policy_name}}</h1>{{#there}}{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}{{/there}}</div><p>{{#there}}A change holds from the next request of every key that has it.{{/there}}{{#fresh}}Access and limits that many keys share.{{/fresh}}</p></div></div>
{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The policy was created</h2><p>Give it to keys with Edit on their pages.</p></div>{{/created}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}
<div class="grid grid--main">
{{#may_change}}<form class="form form--cards" method="post" action="/admin/policies/{{#fresh}}new{{/fresh}}{{#there}}{{id}}{{/there}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <input type="hidden" name="once" value="{{once}}">{{/may_change}}{{#no_may_change}}<fieldset class="form form--cards" disabled aria-label="Settings, to read">{{/no_may_change}}
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The policy was not saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
  <section class="card" aria-labelledby="h-p">
    <div class="card__head"><h2 id="h-p">Policy</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <fieldset id="f-applies" aria-describedby="h-applies">
        <legend class="label">This policy decides</legend>
        <div class="row row--wide">
          <div class="check"><input type="checkbox" id="ap-access" name="applies" value="access"{{#on_access}} checked{{/on_access}}><label for="ap-access">Access</label></div>
          <div class="check"><input type="checkbox" id="ap-rate" name="applies" value="rate"{{#on_rate}} checked{{/on_rate}}><label for="ap-rate">Rate limit</label></div>
          <div class="check"><input type="checkbox" id="ap-quota" name="applies" value="quota"{{#on_quota}} checked{{/on_quota}}><label for="ap-quota">Quota limit</label></div>
        </div>
        {{#error_applies}}<p class="error" id="e-applies"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_applies}}
        <p class="hint" id="h-applies">What is not ticked is left to the key or to another policy. Ticked without a value means unlimited.</p>
      </fieldset>
      <fieldset>
            <legend class="label">Access rights</legend>
            {{#has_apis}}<div class="picks" id="f-access">
              {{#apis}}<div class="choice"><input type="checkbox" id="a-{{id}}" name="access" value="{{id}}"{{#ticked}} checked{{/ticked}} aria-describedby="a-{{id}}-d"><label for="a-{{id}}">{{name}}</label><code class="path" id="a-{{id}}-d">{{listen_path}}</code></div>
              {{/apis}}
            </div>{{/has_apis}}
            {{#more_apis}}<p class="hint">The first 500 APIs by name, and those that are ticked. {{#fresh}}Give access to others once the policy is made, under <em>Access rights</em>.{{/fresh}}{{#no_fresh}}Give access to others <a href="/admin/policies/{{id}}/access">one by one</a>.{{/no_fresh}}</p>{{/more_apis}}
            {{#no_apis}}<p class="hint" id="f-access">There is no API yet. <a href="/admin/apis/new">Add one</a> first.</p>{{/no_apis}}
            {{#error_access}}<p class="error" id="e-access"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_access}}
          </fieldset>
      <details class="more"{{#open_narrow}} open{{/open_narrow}}>
        <summary>Narrow by method or path</summary>
        <div class="fields">
          <div class="field{{#error_methods}} field--error{{/error_methods}}"><label for="f-methods">Methods</label><input class="input" id="f-methods" name="methods" value="{{methods}}" placeholder="All"{{#error_methods}} aria-invalid="true"{{/error_methods}}{{#focus_methods}} autofocus{{/focus_methods}} aria-describedby="{{#error_methods}}e-methods {{/error_methods}}h-methods">{{#error_methods}}<p class="error" id="e-methods"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_methods}}<p class="hint" id="h-methods">For example GET, HEAD</p></div>
          <div class="field{{#error_paths}} field--error{{/error_paths}}"><label for="f-paths">Paths</label><input class="input" id="f-paths" name="paths" value="{{paths}}" placeholder="All"{{#error_paths}} aria-invalid="true"{{/error_paths}}{{#focus_paths}} autofocus{{/focus_paths}} aria-describedby="{{#error_paths}}e-paths {{/error_paths}}h-paths">{{#error_paths}}<p class="error" id="e-paths"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_paths}}<p class="hint" id="h-paths">Below the listen path, with commas, for example /quotes/*</p></div>
        </div>
        <p class="hint">Of APIs that are ticked anew; rights that the policy has stay as they are{{#there}}{{#may_change}}, and are <a href="/admin/policies/{{id}}/access">narrowed one by one</a>{{/may_change}}{{/there}}.</p>
      </details>
      <div class="fields">
        <div class="field{{#error_rate_limit}} field--error{{/error_rate_limit}}"><label for="f-rate_limit">Rate</label><div class="with-unit"><input class="input" id="f-rate_limit" name="rate.limit" value="{{rate_limit}}" inputmode="numeric"{{#error_rate_limit}} aria-invalid="true"{{/error_rate_limit}}{{#focus_rate_limit}} autofocus{{/focus_rate_limit}}{{#error_rate_limit}} aria-describedby="e-rate_limit"{{/error_rate_limit}}><select class="select" name="rate.per_seconds" aria-label="Rate per">{{#spans}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/spans}}</select></div>{{#error_rate_limit}}<p class="error" id="e-rate_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_rate_limit}}</div>
        <div class="field{{#error_quota_limit}} field--error{{/error_quota_limit}}"><label for="f-quota_limit">Quota</label><div class="with-unit"><input class="input" id="f-quota_limit" name="quota.limit" value="{{quota_limit}}" inputmode="numeric"{{#error_quota_limit}} aria-invalid="true"{{/error_quota_limit}}{{#focus_quota_limit}} autofocus{{/focus_quota_limit}}{{#error_quota_limit}} aria-describedby="e-quota_limit"{{/error_quota_limit}}><select class="select" name="quota.period" aria-label="Quota per">{{#periods}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/periods}}</select></div>{{#error_quota_limit}}<p class="error" id="e-quota_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_quota_limit}}</div>
      </div>
      <div class="fields">
        <div class="field{{#error_key_lifetime_days}} field--error{{/error_key_lifetime_days}}"><label for="f-key_lifetime_days">Key life</label><div class="with-unit"><input class="input" id="f-key_lifetime_days" name="key_lifetime_days" value="{{key_lifetime_days}}" inputmode="numeric" placeholder="No end"{{#error_key_lifetime_days}} aria-invalid="true"{{/error_key_lifetime_days}}{{#focus_key_lifetime_days}} autofocus{{/focus_key_lifetime_days}}{{#error_key_lifetime_days}} aria-describedby="e-key_lifetime_days"{{/error_key_lifetime_days}}><span>days</span></div>{{#error_key_lifetime_days}}<p class="error" id="e-key_lifetime_days"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_key_lifetime_days}}</div>
        <div class="field{{#error_tags}} field--error{{/error_tags}}"><label for="f-tags">Tags</label><input class="input" id="f-tags" name="tags" value="{{tags}}" placeholder="partner, default"{{#error_tags}} aria-invalid="true"{{/error_tags}}{{#focus_tags}} autofocus{{/focus_tags}}{{#error_tags}} aria-describedby="e-tags"{{/error_tags}}>{{#error_tags}}<p class="error" id="e-tags"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_tags}}</div>
      </div>
      {{#is_held}}<div class="check"><input type="checkbox" id="held" name="held"{{#still_held}} checked{{/still_held}}><label for="held">Held since a restore: gives no access until this is switched off</label></div>{{/is_held}}
      <div class="switch"><input type="checkbox" role="switch" id="active" name="active"{{#is_active}} checked{{/is_active}} aria-describedby="active-d"><div><label for="active">Active</label><p id="active-d">Off: keys have no access through it.</p></div></div>
    </div>
    {{#may_change}}<div class="card__foot actions"><button class="btn btn--primary" type="submit">{{#fresh}}Create{{/fresh}}{{#there}}Save{{/there}}</button><a class="btn" href="/admin/policies">Cancel</a></div>{{/may_change}}
  </section>
{{#may_change}}</form>{{/may_change}}{{#no_may_change}}</fieldset>{{/no_may_change}}
<div class="col">
  <section class="card" aria-labelledby="h-merge"><div class="card__head"><h2 id="h-merge">Several on one key</h2></div><div class="card__body"><p class="muted">Access adds up. For rate and quota the most generous holds. A policy that is switched off gives nothing.</p></div></section>
  {{#there}}{{#may_change}}<section class="card card--danger" aria-labelledby="h-del">
    <div class="card__head"><h2 id="h-del">Delete</h2></div>
    <div class="card__body stack"><p class="muted">Keys lose what it gives them.</p><a class="btn btn--danger" href="/admin/policies/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete {{policy_name}}</a></div>
  </section>{{/may_change}}{{/there}}
</div>
</div>
