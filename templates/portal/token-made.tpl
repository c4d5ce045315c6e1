{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/keys">My keys</a></li>
    <li><a href="/portal/keys/{{id}}">{{name}}</a></li>
    <li aria-current="page">Token</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-tok">
  <div class="card__head"><h1 id="h-tok">The token of {{name}}</h1></div>
  <div class="card__body stack">
    <div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Copy it now</h2><p>It is shown this once: only its hash is kept.</p></div>
    <pre class="code" data-copy tabindex="0">{{token}}</pre>
    {{#lines}}<pre class="code" data-copy tabindex="0">{{item}}</pre>{{/lines}}
    <div class="actions"><a class="btn btn--primary" href="/portal/keys/{{id}}">I have copied it</a></div>
  </div>
</section>
