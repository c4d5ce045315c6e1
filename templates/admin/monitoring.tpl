{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Monitoring</h1><p>{{#has_words}}{{words}}{{/has_words}}{{#no_words}}{{#begins}}<time datetime="{{iso}}" title="{{title}}">{{title}}</time>{{/begins}} to {{#ends}}<time datetime="{{iso}}" title="{{title}}">{{title}}</time>{{/ends}}{{/no_words}}{{#asked}}{{#has_words}}, up to {{#ends}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/ends}} UTC{{/has_words}}{{/asked}}</p></div>
  <div class="head__tools"><ul class="segmented" aria-label="Span">{{#choices}}<li><a href="{{link}}"{{#current}} aria-current="true"{{/current}}>{{text}}</a></li>{{/choices}}</ul><a class="btn" href="/admin/explain"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-question-mark"/></svg>Why was this refused?</a></div>
</div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>This cannot be shown</h2>{{>faults}}</div>{{/failed}}
<section class="card" aria-label="Filter">
  <form class="card__body filters filters--fields" action="/admin/monitoring">
    <input type="hidden" name="group_by" value="{{group_by}}">
    <div class="field{{#error_api_id}} field--error{{/error_api_id}}"><label for="f-api_id">API</label>{{#api_filter}}{{#is_choice}}<select class="select" id="f-api_id" name="api_id"{{#error_api_id}} aria-invalid="true"{{/error_api_id}}{{#focus_api_id}} autofocus{{/focus_api_id}}{{#error_api_id}} aria-describedby="e-api_id"{{/error_api_id}}><option value="">All APIs</option>{{#choices}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/choices}}</select>{{/is_choice}}{{#is_typed}}<input class="input input--auto" id="f-api_id" name="api_id" value="{{value}}" list="apis" placeholder="All: or name, or id" spellcheck="false"{{#error_api_id}} aria-invalid="true"{{/error_api_id}}{{#focus_api_id}} autofocus{{/focus_api_id}}{{#error_api_id}} aria-describedby="e-api_id"{{/error_api_id}}><datalist id="apis">{{#choices}}<option value="{{text}}"></option>{{/choices}}</datalist>{{/is_typed}}{{/api_filter}}{{#error_api_id}}<p class="error" id="e-api_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_api_id}}</div>
    <div class="field{{#error_key_id}} field--error{{/error_key_id}}"><label for="f-key_id">Key</label><input class="input input--auto" id="f-key_id" name="key_id" value="{{key_typed}}" placeholder="All: or name, or id" spellcheck="false"{{#error_key_id}} aria-invalid="true"{{/error_key_id}}{{#focus_key_id}} autofocus{{/focus_key_id}}{{#error_key_id}} aria-describedby="e-key_id"{{/error_key_id}}>{{#error_key_id}}<p class="error" id="e-key_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_key_id}}</div>
    <div class="field{{#error_from}} field--error{{/error_from}}"><label for="f-from">From</label><input class="input input--auto" id="f-from" name="from" type="date" value="{{from}}"{{#error_from}} aria-invalid="true"{{/error_from}}{{#focus_from}} autofocus{{/focus_from}}{{#error_from}} aria-describedby="e-from"{{/error_from}}>{{#error_from}}<p class="error" id="e-from"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_from}}</div>
    <div class="field{{#error_to}} field--error{{/error_to}}"><label for="f-to">To</label><input class="input input--auto" id="f-to" name="to" type="date" value="{{to}}"{{#error_to}} aria-invalid="true"{{/error_to}}{{#focus_to}} autofocus{{/focus_to}}{{#error_to}} aria-describedby="e-to"{{/error_to}}>{{#error_to}}<p class="error" id="e-to"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_to}}</div>
    <div class="field{{#error_step}} field--error{{/error_step}}"><label for="f-step">Step</label><select class="select" id="f-step" name="step"{{#error_step}} aria-invalid="true" aria-describedby="e-step"{{/error_step}}><option value="">as it fits</option>{{#steps}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/steps}}</select>{{#error_step}}<p class="error" id="e-step"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_step}}</div>
    <button class="btn" type="submit">Apply</button>
  </form>
</section>
{{#asked}}
<dl class="grid grid--stats">
  <div class="card stat"><dt>Requests</dt><dd><span class="stat__n">{{requests}}</span> {{#up}}<span class="up" title="Against the same time before"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#arrow-up"/></svg><span class="sr-only">up </span>{{change}}</span>{{/up}}{{#down}}<span title="Against the same time before"><span class="sr-only">down </span>−{{change}}</span>{{/down}}</dd></div>
  <div class="card stat"><dt>Refused</dt><dd><span class="stat__n">{{refused}}</span> <span>{{refused_share}}</span></dd></div>
  <div class="card stat"><dt>Upstream errors</dt><dd><span class="stat__n">{{failed}}</span> <span>{{failed_share}}</span></dd></div>
  <div class="card stat"><dt>Latency</dt><dd><span class="stat__n">{{p50}}</span> <span>p95 {{p95}} · p99 {{p99}}</span></dd></div>
</dl>
<section class="card" aria-labelledby="h-chart">
  <div class="card__head"><div><h2 id="h-chart">Requests</h2><p>per {{per}}</p></div>{{>legend}}</div>
  <div class="card__body stack">{{#any}}{{>chart}}{{/any}}{{#no_any}}<p class="muted">No request in this time.</p>{{/no_any}}</div>
</section>
<section class="card" aria-labelledby="h-by">
  <div class="card__head"><h2 id="h-by">Where it happens</h2><ul class="segmented" aria-label="Group by">{{#groups}}<li><a href="{{link}}"{{#current}} aria-current="true"{{/current}}>{{text}}</a></li>{{/groups}}</ul></div>
  {{#has_rows}}<div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Where it happens</caption>
      <thead>
        <tr><th scope="col">{{group_head}}</th><th scope="col" class="right">Requests</th><th scope="col">Share</th><th scope="col" class="right">Refused</th><th scope="col" class="right">Upstream errors</th>{{#latencies}}<th scope="col" class="right">p95</th>{{/latencies}}</tr>
      </thead>
      <tbody>
        {{#rows}}<tr>
          <th scope="row">{{#has_link}}<a class="table__name" href="{{link}}">{{name}}</a>{{/has_link}}{{#no_link}}<span class="table__name">{{name}}</span>{{/no_link}}{{#has_sub}}<span class="table__sub"><code class="path">{{sub}}</code></span>{{/has_sub}}</th>
          <td data-label="Requests" class="right num">{{requests}}</td>
          <td data-label="Share"><span class="quota"><svg class="bar bar--{{kind}}" width="64" height="6" aria-hidden="true"><rect class="bar__track" width="100%" height="100%"/><rect class="bar__fill" width="{{width}}" height="100%"/></svg>{{share}}</span></td>
          <td data-label="Refused" class="right num">{{refused}}</td>
          <td data-label="Upstream errors" class="right num">{{failed}}</td>
          {{#has_late}}<td data-label="p95" class="right num">{{late}}</td>{{/has_late}}
        </tr>
        {{/rows}}
      </tbody>
    </table>
  </div>{{/has_rows}}
  {{#no_rows}}<div class="card__body"><p class="muted">Nothing in this time.</p></div>{{/no_rows}}
  {{#has_others}}<div class="card__foot"><p class="muted">And {{others}} others with less.</p></div>{{/has_others}}
</section>
<section class="card" aria-labelledby="h-new">
  <div class="card__head"><div><h2 id="h-new">Newest refusals</h2><p>whenever they were; forgotten with newer ones and at a reboot</p></div><a class="small" href="/admin/refusals">All refusals</a></div>
  {{#has_refusals}}<div class="table-wrap">
    <table class="table table--stack table--tight">
      <caption class="sr-only">Newest refusals</caption>
      <thead><tr><th scope="col">Time</th><th scope="col">Request</th><th scope="col">Caller</th><th scope="col">Reason</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
      <tbody>
        {{#refusals}}<tr>
          <td data-label="Time" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
          <td data-label="Request"><code class="path">{{method}} {{path}}</code></td>
          <td data-label="Caller">{{#key}}<a href="/admin/keys/{{key_id}}">{{key_name}}</a>{{/key}}{{#no_key}}{{#has_sha256}}<code class="fp">{{sha256}}</code>{{/has_sha256}}{{#no_sha256}}{{address}}{{/no_sha256}}{{/no_key}}</td>
          <td data-label="Reason">{{status}} {{code_title}}</td>
          <td data-label="Actions" class="right nowrap">{{#may_make}}{{#may_change}}<a href="/admin/refusals/{{id}}/key">Make a key<span class="sr-only"> from this certificate {{sha256}}</span></a> · {{/may_change}}{{/may_make}}<a href="/admin/explain?request_id={{id}}">Why?<span class="sr-only"> {{id}}</span></a></td>
        </tr>
        {{/refusals}}
      </tbody>
    </table>
  </div>{{/has_refusals}}
  {{#no_refusals}}<div class="card__body"><p class="muted">None since the last reboot.</p></div>{{/no_refusals}}
</section>
{{/asked}}
