{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Keys</h1><p>Who may call, by certificate or token, and how much.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a></div>{{/may_change}}
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The key was deleted</h2><p>Its credentials are refused from the next request on.</p></div>{{/deleted}}{{#has_notice}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h2>{{notice}}</h2></div>{{/has_notice}}
{{#failed}}<div class="note note--bad" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>This cannot be shown</h2><p>{{problem}}</p></div>{{/failed}}
<section class="card" aria-label="Keys">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/keys">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search keys</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name, subject or fingerprint"></div>
      {{#fields}}<label class="sr-only" for="f-{{name}}">{{label}}</label>{{#is_choice}}<select class="select" id="f-{{name}}" name="{{name}}"><option value="">{{all}}</option>{{#choices}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/choices}}</select>{{/is_choice}}{{#is_typed}}<input class="input input--auto" id="f-{{name}}" name="{{name}}" value="{{value}}" list="d-{{name}}" placeholder="{{all}}: or name, or id" spellcheck="false"><datalist id="d-{{name}}">{{#choices}}<option value="{{text}}"></option>{{/choices}}</datalist>{{/is_typed}}
      {{/fields}}<button class="btn" type="submit">Search</button>
      {{#narrowed}}<a class="btn" href="/admin/keys">Show all</a>{{/narrowed}}
      <details class="more filters__more"{{#unfolded}} open{{/unfolded}}><summary>More filters</summary>
        <div class="filters filters--fields">
          {{#folded}}<div class="field"><label for="f-{{name}}">{{label}}</label>{{#is_choice}}<select class="select" id="f-{{name}}" name="{{name}}"><option value="">{{all}}</option>{{#choices}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/choices}}</select>{{/is_choice}}{{#is_typed}}{{#has_all}}<input class="input input--auto" id="f-{{name}}" name="{{name}}" value="{{value}}" list="d-{{name}}" placeholder="{{all}}: or name, or id" spellcheck="false"><datalist id="d-{{name}}">{{#choices}}<option value="{{text}}"></option>{{/choices}}</datalist>{{/has_all}}{{#no_all}}<input class="input input--auto" id="f-{{name}}" name="{{name}}" value="{{value}}" spellcheck="false">{{/no_all}}{{/is_typed}}</div>
          {{/folded}}<button class="btn" type="submit">Apply</button>
        </div>
      </details>
    </form>
  </div>
  {{#has_set}}<ul class="card__body filters filters--set" aria-label="Filters that are set">{{#set}}<li><a class="tag" href="{{link}}"><span class="sr-only">Remove filter </span>{{label}}: {{text}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#x"/></svg></a></li>{{/set}}</ul>{{/has_set}}
  {{#has_items}}
  <div class="table-wrap">
    <table class="table table--stack table--dense">
      <caption class="sr-only">Keys</caption>
      <thead>
        <tr><th scope="col">Key</th><th scope="col">Credential</th><th scope="col" class="hide-lg">Access</th><th scope="col">Status</th><th scope="col" class="hide-md">Rate</th><th scope="col" class="hide-md">Quota</th><th scope="col" class="right">Valid until</th></tr>
      </thead>
      <tbody>
        {{#items}}
        <tr>
          <th scope="row"><a class="table__name" href="/admin/keys/{{id}}">{{name}}</a>{{#credential}}<span class="table__sub" title="{{subject}}">{{subject}}</span>{{/credential}}</th>
          <td data-label="Credential">{{#credential}}<span class="cred">{{#is_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span>{{/is_certificate}}{{#is_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span>{{/is_token}}<code class="fp">{{start}}</code></span>{{/credential}}{{#no_credential}}—{{/no_credential}}</td>
          <td data-label="Access" class="hide-lg">{{#has_access}}{{access}}{{/has_access}}{{#no_access}}—{{/no_access}}</td>
          <td class="table__corner" data-label="Status">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Rate" class="hide-md">{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}—{{/no_rate}}</td>
          <td data-label="Quota" class="hide-md">{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}—{{/no_quota}}</td>
          <td data-label="Valid until" class="right nowrap">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
  {{/has_items}}
  {{#no_items}}
  <div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>
    {{#narrowed}}{{#searched}}<h2>No key fits “{{q}}”</h2>{{/searched}}{{#no_searched}}<h2>No key is like that</h2>{{/no_searched}}{{#filtered}}<p>All filters that are set have to fit{{#searched}}, and what is searched for{{/searched}}.</p>{{/filtered}}{{#searched}}<p>Searched are names, tags, ids, and the subjects, names and SHA-256 fingerprints of certificates.</p>{{/searched}}{{/narrowed}}
    {{#no_narrowed}}<h2>No key yet</h2><p>A key says who may call which APIs. It is made from a client’s certificate, or gets a token.</p>{{#may_change}}<a class="btn btn--primary" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a>{{/may_change}}{{/no_narrowed}}
  </div>
  {{/no_items}}
</section>
