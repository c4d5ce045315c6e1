{{%AUTOESCAPE context="HTML"}}
{{#no_fresh}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The key was not saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}{{/no_fresh}}
      {{#fresh}}<section class="card" aria-labelledby="h-who">
        <div class="card__head"><h2 id="h-who">Credential</h2></div>
        <div class="card__body form">
          <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#first}} autofocus{{/first}}{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
          <fieldset>
            <legend class="label">How the client identifies itself</legend>
            <div class="choices">
              <div class="choice"><input type="radio" id="t-mtls" name="type" value="mtls"{{#is_mtls}} checked{{/is_mtls}} aria-describedby="t-mtls-d"><label for="t-mtls">Mutual TLS</label><span class="choice__hint" id="t-mtls-d">By its client certificate. Nothing to send in a header.</span></div>
              <div class="choice"><input type="radio" id="t-token" name="type" value="token"{{#is_token}} checked{{/is_token}} aria-describedby="t-token-d"><label for="t-token">Auth token</label><span class="choice__hint" id="t-token-d">By a secret in a header. Shown once, after creation.</span></div>
            </div>
          </fieldset>
          {{>certificate_field}}
        </div>
      </section>{{/fresh}}
      <section class="card" aria-labelledby="h-rights">
        <div class="card__head"><h2 id="h-rights">What it may do</h2></div>
        <div class="card__body form">
          {{#no_fresh}}<div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>{{/no_fresh}}
          <fieldset>
            <legend class="label">Access rights</legend>
            {{#has_apis}}<div class="picks" id="f-access">
              {{#apis}}<div class="choice"><input type="checkbox" id="a-{{id}}" name="access" value="{{id}}"{{#ticked}} checked{{/ticked}} aria-describedby="a-{{id}}-d"><label for="a-{{id}}">{{name}}</label><code class="path" id="a-{{id}}-d">{{listen_path}}</code></div>
              {{/apis}}
            </div>{{/has_apis}}
            {{#more_apis}}<p class="hint">The first 500 APIs by name, and those that are ticked. {{#fresh}}Give access to others once the key is made, under <em>Access rights</em>.{{/fresh}}{{#no_fresh}}Give access to others <a href="/admin/keys/{{id}}/access">one by one</a>.{{/no_fresh}}</p>{{/more_apis}}
            {{#no_apis}}<p class="hint" id="f-access">There is no API yet. <a href="/admin/apis/new">Add one</a> first.</p>{{/no_apis}}
            {{#error_access}}<p class="error" id="e-access"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_access}}
          </fieldset>
          <details class="more"{{#open_narrow}} open{{/open_narrow}}>
            <summary>Narrow by method or path</summary>
            <div class="fields">
              <div class="field{{#error_methods}} field--error{{/error_methods}}"><label for="f-methods">Methods</label><input class="input" id="f-methods" name="methods" value="{{methods}}" placeholder="All"{{#error_methods}} aria-invalid="true"{{/error_methods}}{{#focus_methods}} autofocus{{/focus_methods}} aria-describedby="{{#error_methods}}e-methods {{/error_methods}}h-methods">{{#error_methods}}<p class="error" id="e-methods"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_methods}}<p class="hint" id="h-methods">For example GET, HEAD</p></div>
              <div class="field{{#error_paths}} field--error{{/error_paths}}"><label for="f-paths">Paths</label><input class="input" id="f-paths" name="paths" value="{{paths}}" placeholder="All"{{#error_paths}} aria-invalid="true"{{/error_paths}}{{#focus_paths}} autofocus{{/focus_paths}} aria-describedby="{{#error_paths}}e-paths {{/error_paths}}h-paths">{{#error_paths}}<p class="error" id="e-paths"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_paths}}<p class="hint" id="h-paths">Below the listen path, with commas, for example /quotes/*</p></div>
            </div>
            {{#no_fresh}}<p class="hint">Of APIs that are ticked anew; rights that the key has stay as they are, and are <a href="/admin/keys/{{id}}/access">narrowed one by one</a>.</p>{{/no_fresh}}
          </details>
          <div class="field{{#error_policy_ids}} field--error{{/error_policy_ids}}">
            <label for="f-policy_ids">Policies</label>
            {{#has_policies}}<select class="select" id="f-policy_ids" name="policy_ids" multiple size="4"{{#error_policy_ids}} aria-invalid="true"{{/error_policy_ids}}{{#focus_policy_ids}} autofocus{{/focus_policy_ids}} aria-describedby="{{#error_policy_ids}}e-policy_ids {{/error_policy_ids}}h-policy_ids">{{#policies}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/policies}}</select>{{/has_policies}}{{#no_policies}}<select class="select" id="f-policy_ids" disabled aria-describedby="h-policy_ids"><option>No policy yet</option></select>{{/no_policies}}
            {{#error_policy_ids}}<p class="error" id="e-policy_ids"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_policy_ids}}
            <p class="hint" id="h-policy_ids">{{#has_policies}}None chosen: the values here hold. A policy that sets access, rate or quota decides that part.{{/has_policies}}{{#no_policies}}The values here hold. <a href="/admin/policies/new">Add one</a> where several keys share rights and limits.{{/no_policies}}</p>
          </div>
          <fieldset>
            <legend class="label">Limits <span class="muted">— empty means none</span></legend>
            <div class="fields">
              <div class="field{{#error_rate_limit}} field--error{{/error_rate_limit}}"><label for="f-rate_limit">Rate</label><div class="with-unit"><input class="input" id="f-rate_limit" name="rate.limit" value="{{rate_limit}}" inputmode="numeric"{{#error_rate_limit}} aria-invalid="true"{{/error_rate_limit}}{{#focus_rate_limit}} autofocus{{/focus_rate_limit}}{{#error_rate_limit}} aria-describedby="e-rate_limit"{{/error_rate_limit}}><select class="select" name="rate.per_seconds" aria-label="Rate per">{{#spans}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/spans}}</select></div>{{#error_rate_limit}}<p class="error" id="e-rate_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_rate_limit}}</div>
              <div class="field{{#error_quota_limit}} field--error{{/error_quota_limit}}"><label for="f-quota_limit">Quota</label><div class="with-unit"><input class="input" id="f-quota_limit" name="quota.limit" value="{{quota_limit}}" inputmode="numeric"{{#error_quota_limit}} aria-invalid="true"{{/error_quota_limit}}{{#focus_quota_limit}} autofocus{{/focus_quota_limit}}{{#error_quota_limit}} aria-describedby="e-quota_limit"{{/error_quota_limit}}><select class="select" name="quota.period" aria-label="Quota per">{{#periods}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/periods}}</select></div>{{#error_quota_limit}}<p class="error" id="e-quota_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_quota_limit}}</div>
            </div>
          </fieldset>
          <details class="more"{{#open_more}} open{{/open_more}}>
            <summary>From where, how many at once, further facts</summary>
            <div class="form">
            <div class="fields">
              <div class="field{{#error_allowed_ips}} field--error{{/error_allowed_ips}}"><label for="f-allowed_ips">From these addresses</label><textarea class="textarea textarea--short mono" id="f-allowed_ips" name="allowed_ips" rows="2" spellcheck="false" autocomplete="off"{{#error_allowed_ips}} aria-invalid="true"{{/error_allowed_ips}}{{#focus_allowed_ips}} autofocus{{/focus_allowed_ips}} aria-describedby="{{#error_allowed_ips}}e-allowed_ips {{/error_allowed_ips}}h-allowed_ips">{{allowed_ips:p}}</textarea>{{#error_allowed_ips}}<p class="error" id="e-allowed_ips"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_allowed_ips}}<p class="hint" id="h-allowed_ips">Addresses or CIDR blocks; empty: all.</p></div>
              <div class="field{{#error_blocked_ips}} field--error{{/error_blocked_ips}}"><label for="f-blocked_ips">Not from these addresses</label><textarea class="textarea textarea--short mono" id="f-blocked_ips" name="blocked_ips" rows="2" spellcheck="false" autocomplete="off"{{#error_blocked_ips}} aria-invalid="true"{{/error_blocked_ips}}{{#focus_blocked_ips}} autofocus{{/focus_blocked_ips}} aria-describedby="{{#error_blocked_ips}}e-blocked_ips {{/error_blocked_ips}}h-blocked_ips">{{blocked_ips:p}}</textarea>{{#error_blocked_ips}}<p class="error" id="e-blocked_ips"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_blocked_ips}}<p class="hint" id="h-blocked_ips">Addresses or CIDR blocks.</p></div>
            </div>
            <div class="fields">
              <div class="field{{#error_max_concurrent}} field--error{{/error_max_concurrent}}"><label for="f-max_concurrent">Concurrent requests</label><div class="with-unit"><input class="input" id="f-max_concurrent" name="max_concurrent" value="{{max_concurrent}}" inputmode="numeric" placeholder="A quarter of the threads"{{#error_max_concurrent}} aria-invalid="true"{{/error_max_concurrent}}{{#focus_max_concurrent}} autofocus{{/focus_max_concurrent}}{{#error_max_concurrent}} aria-describedby="e-max_concurrent"{{/error_max_concurrent}}><span>requests</span></div>{{#error_max_concurrent}}<p class="error" id="e-max_concurrent"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_max_concurrent}}</div>
              <div class="field{{#error_meta}} field--error{{/error_meta}}"><label for="f-meta">Further facts</label><textarea class="textarea textarea--short" id="f-meta" name="meta" rows="2"{{#error_meta}} aria-invalid="true"{{/error_meta}}{{#focus_meta}} autofocus{{/focus_meta}} aria-describedby="{{#error_meta}}e-meta {{/error_meta}}h-meta">{{meta:p}}</textarea>{{#error_meta}}<p class="error" id="e-meta"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_meta}}<p class="hint" id="h-meta">Lines “name: value”.</p></div>
            </div>
            </div>
          </details>
          <div class="fields">
            <div class="field{{#error_expires_at}} field--error{{/error_expires_at}}"><label for="f-expires_at">Expires on</label><input class="input" id="f-expires_at" name="expires_at" type="{{#is_date}}date{{/is_date}}{{#no_is_date}}text{{/no_is_date}}" value="{{expires_at}}"{{#error_expires_at}} aria-invalid="true"{{/error_expires_at}}{{#focus_expires_at}} autofocus{{/focus_expires_at}}{{#error_expires_at}} aria-describedby="e-expires_at"{{/error_expires_at}}>{{#error_expires_at}}<p class="error" id="e-expires_at"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_expires_at}}</div>
            <div class="field{{#error_tags}} field--error{{/error_tags}}"><label for="f-tags">Tags</label><input class="input" id="f-tags" name="tags" value="{{tags}}" placeholder="partner, sweden"{{#error_tags}} aria-invalid="true"{{/error_tags}}{{#focus_tags}} autofocus{{/focus_tags}}{{#error_tags}} aria-describedby="e-tags"{{/error_tags}}>{{#error_tags}}<p class="error" id="e-tags"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_tags}}</div>
          </div>
        </div>
        <div class="card__foot actions">
          <button class="btn btn--primary" type="submit">{{#fresh}}Create{{/fresh}}{{#no_fresh}}Save{{/no_fresh}}</button>
          <a class="btn" href="/admin/keys{{#no_fresh}}/{{id}}{{/no_fresh}}">Cancel</a>
          <span class="muted">Holds from the next request on</span>
        </div>
      </section>
