{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/keys">My keys</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><div class="head__title"><h1>{{name}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p>{{#renewal}}A further certificate of this key, asked{{/renewal}}{{#no_renewal}}Requested{{/no_renewal}} {{#created}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/created}} for {{entry_name}}.</p></div>
{{#pending}}<div class="head__tools"><form method="post" action="/portal/requests/{{id}}/withdraw"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn" type="submit">Withdraw request</button></form></div>{{/pending}}</div>
{{#sent}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The request was sent</h2><p>{{#pending}}You get an e-mail when it is decided.{{/pending}}</p></div>{{/sent}}
{{#declined}}<div class="note note--bad"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The request was declined</h2><p>{{#has_reason}}{{reason}}{{/has_reason}}{{#no_reason}}No reason was given.{{/no_reason}}</p>{{#has_again}}<div class="row"><a class="btn btn--sm" href="/portal/apis/{{again}}/request">Request again</a></div>{{/has_again}}</div>{{/declined}}
{{#approved}}<div class="note note--ok"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>It is approved</h2><p>The key works from the next call on.</p><div class="row"><a class="btn btn--sm" href="/portal/keys/{{key_id}}">Open the key</a></div></div>{{/approved}}
{{#has_code}}<section class="card" aria-labelledby="h-prove"><div class="card__head"><div><h2 id="h-prove">Prove that it is yours</h2><p>{{#needed}}the request waits for this{{/needed}}{{#no_needed}}nobody can claim it then{{/no_needed}}</p></div><span class="badge">Not seen yet</span></div><div class="card__body stack"><p>Call this once from the machine that has the private key. The code works for this request only.</p><pre class="code" data-copy tabindex="0">{{prove_line}}</pre></div></section>{{/has_code}}
{{#proven}}<section class="card" aria-labelledby="h-prove"><div class="card__head"><h2 id="h-prove">Possession</h2><span class="badge badge--ok">Proven</span></div><div class="card__body"><p>The certificate was seen in a handshake {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}.</p></div></section>{{/proven}}
{{#pending}}{{#has_lines}}<section class="card" aria-labelledby="h-then"><div class="card__head"><h2 id="h-then">Once it is approved</h2></div><div class="card__body stack"><p>You get an e-mail at {{email}}. Then this works:</p>{{#lines}}<pre class="code" data-copy tabindex="0">{{item}}</pre>{{/lines}}</div></section>{{/has_lines}}{{/pending}}
