{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/catalogue">Catalogue</a></li>
    <li><a href="/admin/catalogue/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/catalogue/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body"><h1 id="h-conf">Delete {{name}}?</h1><p class="muted">Developers do not find it any more. Keys that came of it ({{keys}}) stay as they are; requests that wait ({{waiting}}) are declined, and their developers get a mail. To hide it for a while, switch Visible off instead.</p></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/catalogue/{{id}}">Keep it</a></div>
  </form>
</section>
