{{%AUTOESCAPE context="HTML"}}
{{#fresh}}
<div class="head">
  <div class="head__text"><h1>Let the first client in</h1><p>{{#no_api_yet}}Three steps, about two minutes. First of all, <a href="/admin/apis/new">add an API</a>.{{/no_api_yet}}{{#no_no_api_yet}}No key yet. Three steps, about two minutes.{{/no_no_api_yet}}</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a></div>{{/may_change}}
</div>
<div class="grid grid--main">
  <section class="card" aria-labelledby="h-quick">
    <h2 class="sr-only" id="h-quick">Quickstart</h2>
    <div class="card__body">
      <ol class="steps">
        <li>
          <h3>Make a certificate on the client</h3>
          <p>Self-signed is fine: you register it here, and that is the trust.</p>
          <pre class="code" data-copy>openssl req -x509 -newkey rsa:4096 -keyout key.pem -out cert.pem -days 365 -nodes -subj /CN=me</pre>
        </li>
        <li>
          <h3>Create a key from the public part</h3>
          <p>Choose Mutual TLS, paste <code>cert.pem</code>{{#has_example_name}}, tick the API <strong>{{example_name}}</strong>{{/has_example_name}}. Leave <code>key.pem</code> where it is.</p>
          {{#may_change}}<a class="btn btn--sm" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a>{{/may_change}}
        </li>
        <li>
          <h3>Call the API with it</h3>
          <p>The certificate is the whole credential. No header is needed.</p>
          <pre class="code" data-copy>curl -k --cert cert.pem --key key.pem {{base}}{{example_path}}</pre>
          <p class="small muted">Refused? The answer says why, and <a href="/admin/refusals">Refusals</a> lists it.</p>
        </li>
      </ol>
    </div>
  </section>
  <div class="col">
    <section class="card" aria-labelledby="h-ready">
      <div class="card__head"><h2 id="h-ready">What is there</h2></div>
      <ul class="lines">
        <li><span class="grow">APIs</span><span>{{api_count}}</span></li>
        <li><span class="grow">that take client certificates</span><span>{{api_mtls}}</span></li>
        <li><span class="grow">Keys</span><span>0</span></li>
      </ul>
    </section>
  </div>
</div>
{{/fresh}}
{{#used}}
<div class="head">
  <div class="head__text"><h1>Overview</h1><p>{{words}}, up to {{#now}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/now}} UTC · all APIs</p></div>
  <div class="head__tools">
    <ul class="segmented" aria-label="Span">{{#choices}}<li><a href="{{link}}"{{#current}} aria-current="true"{{/current}}>{{text}}</a></li>{{/choices}}</ul>
    {{#may_change}}<a class="btn btn--primary" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a>{{/may_change}}
  </div>
</div>
<dl class="grid grid--stats">
  <div class="card stat"><dt>Requests</dt><dd><span class="stat__n">{{requests}}</span> {{#up}}<span class="up" title="Against the same time before"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#arrow-up"/></svg><span class="sr-only">up </span>{{change}}</span>{{/up}}{{#down}}<span title="Against the same time before"><span class="sr-only">down </span>−{{change}}</span>{{/down}}</dd></div>
  <div class="card stat"><dt>Refused</dt><dd><span class="stat__n">{{refused_share}}</span> <span>{{refused}}{{#has_main}} · mostly: {{main}}{{/has_main}}</span></dd></div>
  <div class="card stat"><dt>Median latency</dt><dd><span class="stat__n">{{p50}}</span> <span>p95 {{p95}} · p99 {{p99}}</span></dd></div>
  <div class="card stat"><dt>Certificates due</dt><dd><span class="stat__n">{{due}}</span> {{#due_next}}<a class="due" href="/admin/certificates?due=yes">next <time datetime="{{iso}}" title="{{title}}">{{text}}</time></a>{{/due_next}}{{#no_due_next}}<span>within 30 days</span>{{/no_due_next}}</dd></div>
</dl>
<div class="grid grid--wide">
  <section class="card" aria-labelledby="h-req">
    <div class="card__head"><div><h2 id="h-req">Requests</h2><p>per {{per}}</p></div>{{>legend}}</div>
    <div class="card__body stack">{{#any}}{{>chart}}{{/any}}{{#no_any}}<p class="muted">No request in this time. Once clients call, their requests are counted here within a few seconds.</p>{{/no_any}}</div>
  </section>
  <section class="card" aria-labelledby="h-busy">
    <div class="card__head"><h2 id="h-busy">Busiest APIs</h2><a class="small" href="/admin/apis">All APIs</a></div>
    <div class="card__body">
      {{#has_busiest}}<ul class="ranks">{{#busiest}}<li><span><a class="table__name" href="/admin/apis/{{id}}">{{name}}</a> <code class="path">{{listen_path}}</code></span><span class="num">{{requests}}</span><svg class="bar" width="100%" height="6" aria-hidden="true"><rect class="bar__track" width="100%" height="100%"/><rect class="bar__fill" width="{{width}}" height="100%"/></svg></li>{{/busiest}}</ul>{{/has_busiest}}
      {{#no_busiest}}<p class="muted">None was called in this time.</p>{{/no_busiest}}
    </div>
  </section>
</div>
<section class="card" aria-labelledby="h-keys">
  <div class="card__head"><div><h2 id="h-keys">Keys</h2><p>{{#recent}}most recently used{{/recent}}{{#no_recent}}none was used yet{{/no_recent}}</p></div>
    <form class="filters" role="search" action="/admin/keys"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search keys</label><input class="input" id="q" name="q" type="search" placeholder="Name, subject or fingerprint"></div><a class="btn btn--sm" href="/admin/keys">View all</a></form>
  </div>
  <div class="table-wrap">
    <table class="table table--stack table--dense">
      <caption class="sr-only">Keys</caption>
      <thead>
        <tr><th scope="col">Key</th><th scope="col">Credential</th><th scope="col" class="hide-lg">Access</th><th scope="col">Status</th><th scope="col" class="hide-md">Quota</th><th scope="col">Valid until</th><th scope="col" class="right">Last used</th></tr>
      </thead>
      <tbody>
        {{#keys}}
        <tr>
          <th scope="row"><a class="table__name" href="/admin/keys/{{id}}">{{name}}</a>{{#credential}}<span class="table__sub" title="{{subject}}">{{subject}}</span>{{/credential}}</th>
          <td data-label="Credential">{{#credential}}<span class="cred">{{#is_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span>{{/is_certificate}}{{#is_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span>{{/is_token}}<code class="fp">{{start}}</code></span>{{/credential}}{{#no_credential}}—{{/no_credential}}</td>
          <td data-label="Access" class="hide-lg">{{#has_access}}{{access}}{{/has_access}}{{#no_access}}—{{/no_access}}</td>
          <td class="table__corner" data-label="Status">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Quota" class="hide-md">{{#left}}<span class="quota"><svg class="bar bar--{{kind}}" width="64" height="6" aria-hidden="true"><rect class="bar__track" width="100%" height="100%"/><rect class="bar__fill" width="{{width}}" height="100%"/></svg>{{used}} of {{limit}}</span>{{/left}}{{#no_left}}—{{/no_left}}</td>
          <td data-label="Valid until" class="nowrap">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</td>
          <td data-label="Last used" class="right nowrap">{{#used_at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used_at}}{{#no_used_at}}—{{/no_used_at}}</td>
        </tr>
        {{/keys}}
      </tbody>
    </table>
  </div>
</section>
{{/used}}
