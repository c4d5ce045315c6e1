{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Who am I?</h1><p>What the server received on this very connection.</p></div>
</div>
{{#proof}}<div class="note note--{{kind}}" role="status">{{#good}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg>{{/good}}{{#no_good}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg>{{/no_good}}<h2>{{title}}</h2><p>{{text}}</p>
{{#offer}}<form method="post" action="/portal/whoami"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="proof" value="{{code}}"><div class="row"><button class="btn btn--primary" type="submit">Prove it with this certificate</button></div></form>{{/offer}}</div>{{/proof}}
{{#came}}<section class="card" aria-labelledby="h-me">
  <div class="card__head"><h2 id="h-me">A client certificate came</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
  <div class="card__body"><dl class="facts facts--wide">
    {{#facts}}<dt>Subject</dt><dd>{{subject}}</dd>
    <dt>Issuer</dt><dd>{{issuer}}</dd>
    <dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd>
    <dt>Key</dt><dd>{{public_key}}</dd>{{/facts}}
    <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
    {{#has_detail}}<dt>What to do</dt><dd>{{detail}}</dd>{{/has_detail}}
  </dl></div>
</section>{{/came}}
{{#no_came}}<section class="card empty" aria-labelledby="h-none"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-x"/></svg>
  <h2 id="h-none">No client certificate came</h2>
  <p>{{detail}}</p>
</section>{{/no_came}}
<section class="card" aria-labelledby="h-cli">
  <div class="card__head"><h2 id="h-cli">The same for a program</h2></div>
  <div class="card__body stack">
    <pre class="code" data-copy tabindex="0">curl --cert client.crt --key client.key {{portal}}/portal/whoami</pre>
    <p class="muted">No certificate here although you have one? Your client did not send it: look at the paths after <code>--cert</code> and <code>--key</code>.</p>
  </div>
</section>
