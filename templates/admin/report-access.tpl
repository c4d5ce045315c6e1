{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Access report</h1><p>Who could call what{{#when}} at <time datetime="{{iso}}">{{title}}</time>{{/when}}, who allowed it, and when it was last used.</p></div>
  {{#asked}}<div class="head__tools"><a class="btn" href="{{csv}}"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#download"/></svg>Download CSV</a></div>{{/asked}}
</div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>This cannot be shown</h2>{{>faults}}</div>{{/failed}}
<section class="card" aria-label="Time">
  <form class="card__body filters filters--fields" action="/admin/reports/access">
    <div class="field{{#error_at}} field--error{{/error_at}}"><label for="f-at">Time (UTC)</label><input class="input input--auto" id="f-at" name="at" type="datetime-local" value="{{at_typed}}"{{#error_at}} aria-invalid="true"{{/error_at}}{{#focus_at}} autofocus{{/focus_at}}{{#error_at}} aria-describedby="e-at"{{/error_at}}>{{#error_at}}<p class="error" id="e-at"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_at}}</div>
    <button class="btn" type="submit">Show</button>
    {{#has_at_typed}}<a class="btn" href="/admin/reports/access">Now</a>{{/has_at_typed}}
  </form>
</section>
{{#exact_from}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Exact from <time datetime="{{iso}}" title="{{title}}">{{title}}</time> on</h2><p>Records came by an import or a backup then; what they were before is not known here. Lines that cannot be sure say so.</p></div>{{/exact_from}}
{{#asked}}
{{#has_open_apis}}<section class="card" aria-labelledby="h-open">
  <div class="card__head"><div><h2 id="h-open">Open to everybody</h2><p>keyless APIs</p></div></div>
  <ul class="lines">{{#open_apis}}<li><span class="grow"><a href="/admin/apis/{{api_id}}">{{api}}</a></span><code class="path">{{listen_path}}</code></li>{{/open_apis}}</ul>
</section>{{/has_open_apis}}
<section class="card" aria-label="Keys">
  {{#has_rows}}<div class="table-wrap">
    <table class="table table--stack table--top">
      <caption class="sr-only">Keys and what they could call</caption>
      <thead>
        <tr><th scope="col">Key</th><th scope="col">Credentials in force</th><th scope="col">Could call</th><th scope="col">Approved by</th><th scope="col" class="right">Last used</th></tr>
      </thead>
      <tbody>
        {{#rows}}<tr>
          <th scope="row"><a class="table__name" href="/admin/keys/{{key_id}}">{{key}}</a>{{#doubtful}}<span class="table__sub"><span class="badge badge--warn">Not sure</span></span>{{/doubtful}}</th>
          <td data-label="Credentials"><div>{{#credentials}}<div class="nowrap">{{#is_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span>{{/is_token}}{{#is_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span>{{/is_certificate}} <code class="fp" title="{{sha256}}">{{start}}</code></div>{{/credentials}}{{#no_credentials}}—{{/no_credentials}}</div></td>
          <td data-label="Could call"><div>{{#access}}<div>{{api}} <code class="path">{{listen_path}}</code>{{#has_methods}} <span class="muted small">{{#methods}}{{item}} {{/methods}}</span>{{/has_methods}}{{#has_paths}} <code class="path">{{#paths}}{{item}} {{/paths}}</code>{{/has_paths}}{{#has_policy}} <span class="muted small">by policy {{policy}}</span>{{/has_policy}}</div>{{/access}}{{#no_access}}<span class="muted">not known any more</span>{{/no_access}}</div></td>
          <td data-label="Approved by"><div>{{#has_approved_by}}{{approved_by}}{{#approved_at}}<span class="table__sub"><time datetime="{{iso}}" title="{{title}}">{{text}}</time></span>{{/approved_at}}{{/has_approved_by}}{{#no_approved_by}}—{{/no_approved_by}}</div></td>
          <td data-label="Last used" class="right nowrap">{{#used_at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used_at}}{{#no_used_at}}—{{/no_used_at}}</td>
        </tr>
        {{/rows}}
      </tbody>
    </table>
  </div>{{/has_rows}}
  {{#no_rows}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#calendar-clock"/></svg>
    {{#has_next}}<h2>None of these keys could call anything</h2><p>There are more of them.</p>{{/has_next}}
    {{#no_next}}{{#paged}}<h2>No more keys</h2>{{/paged}}{{#no_paged}}<h2>No key could call anything</h2><p>A key needs access to an API that is switched on, and a credential in force.</p>{{/no_paged}}{{/no_next}}
  </div>{{/no_rows}}
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>
{{/asked}}
