{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li><a href="/admin/exposed-keys">Blocked public keys</a></li>
    <li aria-current="page">Lift</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/exposed-keys/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="card__body form"><div><h1 id="h-conf">Lift this block?</h1><p class="muted">Certificates with this public key can be registered again. What was revoked with it stays so.</p></div><dl class="facts facts--short"><dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd></dl></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Lift the block</button><a class="btn" href="/admin/exposed-keys">Keep it</a></div>
  </form>
</section>
