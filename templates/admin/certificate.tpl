{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li aria-current="page">{{short_name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{short_name}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p>{{kind}} certificate · ends {{#ends}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/ends}}</p></div>
  <div class="head__tools"><a class="btn" href="/admin/certificates/{{id}}/pem" download><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#download"/></svg>Download PEM</a>{{#may_change}}<a class="btn btn--danger" href="/admin/certificates/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete</a>{{/may_change}}</div>
</div>
{{#there}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>This certificate is registered already</h2><p>Nothing was changed.</p></div>{{/there}}{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was added</h2></div>{{/created}}{{#dropped}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>The private key was dropped</h2><p>The text held a private key. Only the certificate was kept; the key was wiped from memory and not stored or logged. If it came by mail or chat, let the owner make a new pair.</p></div>{{/dropped}}{{#crl_saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The revocation list was taken</h2></div>{{/crl_saved}}
<div class="grid grid--main">
  <div class="col">
    <section class="card" aria-labelledby="h-c">
      <div class="card__head"><h2 id="h-c">What it says</h2></div>
      <div class="card__body"><dl class="facts facts--wide">
        <dt>Subject</dt><dd>{{subject}}</dd>
        <dt>Issuer</dt><dd>{{issuer}}</dd>
        {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
        <dt>Serial number</dt><dd><code class="fp">{{serial}}</code></dd>
        <dt>Valid from</dt><dd>{{#not_before}}<time datetime="{{iso}}">{{title}}</time>{{/not_before}}</dd>
        <dt>Valid until</dt><dd>{{#not_after}}<time datetime="{{iso}}">{{title}}</time>{{/not_after}}</dd>
        <dt>Public key</dt><dd>{{public_key}}</dd>
        {{#has_usages}}<dt>Purpose</dt><dd>{{#usages}}<span class="name">{{item}}</span> {{/usages}}</dd>{{/has_usages}}
        <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
        <dt>SHA-256 of the public key</dt><dd><code class="fp">{{spki_sha256}}</code></dd>
      </dl></div>
    </section>
    <section class="card" aria-labelledby="h-pem">
      <div class="card__head"><h2 id="h-pem">PEM</h2></div>
      <div class="card__body"><pre class="code code--scroll" data-copy tabindex="0" role="group" aria-label="PEM text">{{pem:pre_escape}}</pre></div>
    </section>
  </div>
  <div class="col">
    <section class="card" aria-labelledby="h-used"><div class="card__head"><h2 id="h-used">Used by</h2></div><div class="card__body"><dl class="facts facts--short">
      {{#key}}<dt>Key</dt><dd><a href="/admin/keys/{{id}}">{{name}}</a></dd>{{/key}}
      {{#has_apis}}<dt>APIs</dt><dd>{{#apis}}<a href="/admin/apis/{{id}}">{{name}}</a> {{/apis}}</dd>{{/has_apis}}
      {{#no_key}}{{#no_apis}}<dt>Nobody</dt><dd>—</dd>{{/no_apis}}{{/no_key}}
      <dt>Added</dt><dd>{{#added}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/added}}</dd></dl></div></section>
    {{#is_ca}}<section class="card" aria-labelledby="h-crl"><div class="card__head"><h2 id="h-crl">Revocation list</h2>{{#crl}}{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}{{/crl}}</div><div class="card__body stack">{{#crl}}<dl class="facts facts--short">
        <dt>Entries</dt><dd>{{entries}}</dd>
        <dt>Made</dt><dd>{{#this_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/this_update}}</dd>
        <dt>Counts</dt><dd>{{#next_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/next_update}}{{#no_next_update}}without an end{{/no_next_update}}</dd>
      </dl>{{/crl}}{{#no_crl}}<p class="muted">None: the CA’s certificates count until they end or are revoked here.</p>{{/no_crl}}{{#may_change}}<a class="btn btn--sm" href="/admin/certificates/{{id}}/crl">{{#crl}}Renew{{/crl}}{{#no_crl}}Add one{{/no_crl}}</a>{{/may_change}}</div></section>{{/is_ca}}
  </div>
</div>
