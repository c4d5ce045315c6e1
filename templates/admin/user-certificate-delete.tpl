{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li><a href="/admin/users/{{id}}">{{name}}</a></li>
    <li aria-current="page">Remove a certificate</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/users/{{id}}/certificates/{{sha256}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="card__body form"><div><h1 id="h-conf">Remove this certificate?</h1><p class="muted">It signs {{name}} in no more, and {{name}} is signed out everywhere.</p></div><dl class="facts facts--short"><dt>Subject</dt><dd>{{subject}}</dd><dt>SHA-256</dt><dd><code class="fp">{{fingerprint}}</code></dd></dl></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Remove the certificate</button><a class="btn" href="/admin/users/{{id}}">Keep it</a></div>
  </form>
</section>
