{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/tokens">REST tokens</a></li>
    <li><a href="/admin/tokens/{{id}}">{{name}}</a></li>
    <li aria-current="page">End</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/tokens/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="card__body form"><div><h1 id="h-conf">End {{name}}?</h1><p class="muted">Scripts with this token of {{owner}} are refused from the next request on. It cannot be brought back.</p></div></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">End {{name}}</button><a class="btn" href="/admin/tokens">Keep it</a></div>
  </form>
</section>
