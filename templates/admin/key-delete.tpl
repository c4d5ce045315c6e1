{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/keys/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body form">
      <div><h1 id="h-conf">Delete {{name}}?</h1><p class="muted">From the next request on its credentials are refused with 403.</p></div>
      <dl class="facts">
        <dt>Loses</dt><dd>{{#has_access}}{{access}}{{/has_access}}{{#no_access}}nothing: it has no access{{/no_access}}</dd>
        <dt>Credentials</dt><dd>{{working}} in force</dd>
        <dt>Undo</dt><dd>Not possible. To stop it for a while, pause it instead.</dd>
      </dl>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/keys/{{id}}">Keep it</a></div>
  </form>
</section>
