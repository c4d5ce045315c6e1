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
          <pre class="code" data-copy>openssl req -x509 -newkey rsa:4096 -keyout key.pem -out cert.pem -days 365 -nodes</pre>
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
  <div class="head__text"><h1>Overview</h1><p>What there is, and what needs a look.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a></div>{{/may_change}}
</div>
<dl class="grid grid--stats">
  <div class="card stat"><dt>APIs</dt><dd><span class="stat__n">{{api_count}}</span> <span>{{api_on}} switched on</span></dd></div>
  <div class="card stat"><dt>Take certificates</dt><dd><span class="stat__n">{{api_mtls}}</span> <span>of {{api_count}}</span></dd></div>
  <div class="card stat"><dt>Keys</dt><dd><span class="stat__n">{{key_count}}</span></dd></div>
  <div class="card stat"><dt>Keys that end soon</dt><dd><span class="stat__n">{{due}}</span> <span>within 30 days</span></dd></div>
</dl>
<section class="card" aria-labelledby="h-ref">
  <div class="card__head"><div><h2 id="h-ref">Newest refusals</h2><p>why callers were not let in</p></div><a class="small" href="/admin/refusals">All refusals</a></div>
  {{#has_refusals}}<div class="table-wrap">
    <table class="table table--stack table--tight">
      <caption class="sr-only">Newest refusals</caption>
      <thead><tr><th scope="col">When</th><th scope="col">Request</th><th scope="col">API</th><th scope="col">Reason</th></tr></thead>
      <tbody>
        {{#refusals}}<tr>
          <td data-label="When" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
          <td data-label="Request"><code class="path">{{method}} {{path}}</code></td>
          <td data-label="API">{{#has_api}}{{api}}{{/has_api}}{{#no_api}}—{{/no_api}}</td>
          <td data-label="Reason">{{status}} <code>{{code}}</code></td>
        </tr>
        {{/refusals}}
      </tbody>
    </table>
  </div>{{/has_refusals}}
  {{#no_refusals}}<div class="card__body"><p class="muted">None since the last reboot.</p></div>{{/no_refusals}}
</section>
<section class="card" aria-labelledby="h-keys">
  <div class="card__head"><div><h2 id="h-keys">Keys</h2><p>those that end soon come first</p></div>
    <form class="filters" role="search" action="/admin/keys"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search keys</label><input class="input" id="q" name="q" type="search" placeholder="Name, subject or fingerprint"></div><a class="btn btn--sm" href="/admin/keys">View all</a></form>
  </div>
  <div class="table-wrap">
    <table class="table table--stack table--dense">
      <caption class="sr-only">Keys</caption>
      <thead>
        <tr><th scope="col">Key</th><th scope="col">Credential</th><th scope="col" class="hide-lg">Access</th><th scope="col">Status</th><th scope="col" class="hide-md">Rate</th><th scope="col" class="hide-md">Quota</th><th scope="col" class="right">Valid until</th></tr>
      </thead>
      <tbody>
        {{#keys}}
        <tr>
          <th scope="row"><a class="table__name" href="/admin/keys/{{id}}">{{name}}</a>{{#credential}}<span class="table__sub" title="{{subject}}">{{subject}}</span>{{/credential}}</th>
          <td data-label="Credential">{{#credential}}<span class="cred">{{#is_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span>{{/is_certificate}}{{#is_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span>{{/is_token}}<code class="fp">{{start}}</code></span>{{/credential}}{{#no_credential}}—{{/no_credential}}</td>
          <td data-label="Access" class="hide-lg">{{#has_access}}{{access}}{{/has_access}}{{#no_access}}—{{/no_access}}</td>
          <td class="table__corner" data-label="Status">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Rate" class="hide-md">{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}—{{/no_rate}}</td>
          <td data-label="Quota" class="hide-md">{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}—{{/no_quota}}</td>
          <td data-label="Valid until" class="right nowrap">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</td>
        </tr>
        {{/keys}}
      </tbody>
    </table>
  </div>
</section>
{{/used}}
