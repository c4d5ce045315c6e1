{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{name}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p>Created {{#created_at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/created_at}}{{#used_at}} · last used <time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used_at}}{{#no_used_at}} · never used{{/no_used_at}}</p></div>
  {{#may_change}}<div class="head__tools">
    <a class="btn" href="/admin/keys/{{id}}/edit">Edit</a>
    <a class="btn" href="/admin/keys/{{id}}/transfer">Transfer</a>
    <form method="post" action="/admin/keys/{{id}}/switch"><input type="hidden" name="csrf_token" value="{{csrf_token}}">{{#is_on}}<button class="btn" type="submit" name="active" value="off"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#pause"/></svg>Pause</button>{{/is_on}}{{#is_off}}<button class="btn" type="submit" name="active" value="on"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#check"/></svg>Switch on</button>{{/is_off}}</form>
    <a class="btn btn--danger" href="/admin/keys/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete key</a>
  </div>{{/may_change}}
</div>
{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The key was created</h2><p>It works from the next request on.{{#has_example}} Call an API with it:{{/has_example}}</p>{{#has_example}}<pre class="code" data-copy>curl --cert cert.pem --key key.pem {{base}}{{example}}</pre>{{/has_example}}</div>{{/created}}
{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2><p>It holds from the next request on.</p></div>{{/saved}}{{#added}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was added</h2><p>Both work until you revoke the old one.</p></div>{{/added}}{{#dropped}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>The private key was dropped</h2><p>The text held a private key. Only the certificate was kept; the key was wiped from memory and not stored or logged. If it came by mail or chat, let the owner make a new pair.</p></div>{{/dropped}}
{{#organisation_off}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>The organisation that it belongs to is switched off</h2><p>The key is refused until <a href="/admin/organisations/{{of}}">the organisation</a> is switched on again.</p></div>{{/organisation_off}}{{#developer_off}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>The developer who asked for it is switched off</h2><p>The key is refused until <a href="/admin/developers/{{of}}">the developer</a> is switched on again.</p></div>{{/developer_off}}
{{#token_gone}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>No second token was made</h2><p>The key got a credential since that form was opened. If you pressed the button twice, it is your token: the answer to the first press showed it, and it cannot be shown again. If you do not have it, <a href="/admin/keys/{{id}}/credentials/new">add another one</a> and revoke the one that nobody has.</p></div>{{/token_gone}}
<div class="grid grid--main">
  <div class="col">
    <section class="card" aria-labelledby="h-cred">
      <div class="card__head"><div><h2 id="h-cred">Credentials</h2><p>{{working}} in force; they share limits and usage</p></div>{{#may_change}}<a class="btn btn--sm" href="/admin/keys/{{id}}/credentials/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#rotate-cw"/></svg>Rotate</a>{{/may_change}}</div>
      {{#has_credentials}}<div class="table-wrap">
        <table class="table table--stack">
          <caption class="sr-only">Credentials</caption>
          <thead>
            <tr><th scope="col">Credential</th><th scope="col">Status</th><th scope="col">Valid until</th><th scope="col">Added</th><th scope="col">Last used</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr>
          </thead>
          <tbody>
            {{#credentials}}
            <tr>
              <th scope="row"><span class="cred">{{#is_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span>{{/is_certificate}}{{#is_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span>{{/is_token}}{{#is_certificate}}<a class="table__name" href="/admin/certificates/{{sha256}}">{{subject}}</a>{{/is_certificate}}</span><span class="table__sub"><code class="fp">{{start}}</code></span></th>
              <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
              <td data-label="Valid until" class="nowrap">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</td>
              <td data-label="Added" class="nowrap">{{#added}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/added}}</td>
              <td data-label="Last used" class="nowrap">{{#last_used}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/last_used}}{{#no_last_used}}never{{/no_last_used}}</td>
              <td data-label="Actions" class="right">{{#revoked}}<span class="muted small">{{why}}, {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</span>{{/revoked}} {{#may_change}}<a class="btn btn--sm" href="/admin/keys/{{id}}/credentials/{{sha256}}">Edit<span class="sr-only"> {{subject}} {{start}}</span></a>{{/may_change}} {{#may_revoke}}{{#may_change}}<a class="btn btn--sm btn--danger" href="/admin/keys/{{id}}/credentials/{{sha256}}/revoke">Revoke<span class="sr-only"> {{subject}} {{start}}</span></a>{{/may_change}}{{/may_revoke}}</td>
            </tr>
            {{/credentials}}
          </tbody>
        </table>
      </div>{{/has_credentials}}
      {{#no_credentials}}<div class="card__body"><p class="muted">None: nobody can use this key. Add a certificate or a token with Rotate.</p></div>{{/no_credentials}}
    </section>
    <section class="card" aria-labelledby="h-eff">
      <div class="card__head"><div><h2 id="h-eff">Effective rights</h2><p>and where each comes from</p></div></div>
      {{#has_effective}}<div class="table-wrap">
        <table class="table table--stack table--tight table--plain">
          <caption class="sr-only">Effective rights</caption>
          <thead>
            <tr><th scope="col">What</th><th scope="col">Value</th><th scope="col">Comes from</th></tr>
          </thead>
          <tbody>
            {{#effective}}
            <tr>
              <th scope="row" class="nowrap">{{what}}</th>
              <td data-label="Value">{{value}}{{#has_methods}} <span class="muted">· {{methods}} · {{paths}}</span>{{/has_methods}}</td>
              <td data-label="From">{{#has_from}}Policy {{from}}{{/has_from}}{{#no_from}}This key{{/no_from}}</td>
            </tr>
            {{/effective}}
          </tbody>
        </table>
      </div>{{/has_effective}}
      {{#no_effective}}<div class="card__body"><p class="muted">None: every call is refused. Give it access with Edit.</p></div>{{/no_effective}}
    </section>
    <section class="card" aria-labelledby="h-use">
      <div class="card__head"><div><h2 id="h-use">Usage</h2><p>per {{per}}, last 30 days</p></div>{{>legend}}</div>
      <div class="card__body stack">{{#any}}<p>{{requests}} requests, {{refused}} refused ({{refused_share}}), {{failed}} upstream errors · median latency {{p50}}, p95 {{p95}}, p99 {{p99}} · <a href="/admin/monitoring?key_id={{id}}">Monitoring</a></p>{{>chart}}{{/any}}{{#no_any}}<p class="muted">Not used in this time.</p>{{/no_any}}</div>
    </section>
    {{#has_refusals}}<section class="card" aria-labelledby="h-ref">
      <div class="card__head"><h2 id="h-ref">Last refusals</h2><a class="small" href="/admin/refusals?q={{id}}">All refusals</a></div>
      <div class="table-wrap">
        <table class="table table--stack table--tight">
          <caption class="sr-only">Last refusals</caption>
          <thead><tr><th scope="col">When</th><th scope="col">Request</th><th scope="col">Reason</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
          <tbody>
            {{#refusals}}<tr>
              <td data-label="When" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
              <td data-label="Request"><code class="path">{{method}} {{path}}</code></td>
              <td data-label="Reason">{{status}} {{code_title}} <code class="path nowrap">{{code}}</code></td>
              <td data-label="Actions" class="right"><a href="/admin/explain?request_id={{id}}">Why?<span class="sr-only"> {{id}}</span></a></td>
            </tr>{{/refusals}}
          </tbody>
        </table>
      </div>
    </section>{{/has_refusals}}
  </div>
  <div class="col">
    {{#left}}<section class="card" aria-labelledby="h-quota">
      <div class="card__head"><h2 id="h-quota">Quota</h2></div>
      <div class="card__body"><p><span class="stat__n">{{used}}</span> <span class="small muted">of {{limit}}</span></p>
        <div class="quota quota--wide"><svg class="bar bar--{{kind}}" width="100%" height="8" aria-hidden="true"><rect class="bar__track" width="100%" height="100%"/><rect class="bar__fill" width="{{width}}" height="100%"/></svg><span class="row row--between"><span>{{remaining}} left</span><span>{{#renews}}renews <time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/renews}}{{#no_renews}}begins with the next call{{/no_renews}}</span></span></div>
      </div>
    </section>{{/left}}
    <section class="card" aria-labelledby="h-about">
      <div class="card__head"><h2 id="h-about">About</h2></div>
      <div class="card__body"><dl class="facts facts--short">
        {{#has_policies}}<dt>Policies</dt><dd>{{#policies}}<span class="tag">{{item}}</span> {{/policies}}</dd>{{/has_policies}}
        {{#has_tags}}<dt>Tags</dt><dd>{{#tags}}<span class="tag">{{item}}</span> {{/tags}}</dd>{{/has_tags}}
        <dt>Rate</dt><dd>{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}—{{/no_rate}}</dd>
        <dt>Quota</dt><dd>{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}—{{/no_quota}}</dd>
        <dt>Key id</dt><dd><code class="fp">{{id}}</code></dd>
      </dl></div>
    </section>
    <section class="card" aria-labelledby="h-hist">
      <div class="card__head"><h2 id="h-hist">History</h2><a class="small" href="/admin/audit?q={{id}}">Audit log</a></div>
      {{#has_history}}<ul class="lines">{{#history}}<li><span class="grow">{{action}}<br><span class="small muted">{{actor}}, {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</span></span></li>{{/history}}</ul>{{/has_history}}
      {{#no_history}}<div class="card__body"><p class="muted">Nothing: it came by an import. Who changes it from now on is told here.</p></div>{{/no_history}}
    </section>
  </div>
</div>
