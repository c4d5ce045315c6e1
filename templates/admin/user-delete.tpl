{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/users">Users</a></li>
    <li><a href="/admin/users/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/users/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body form"><div><h1 id="h-conf">Delete {{name}}?</h1><p class="muted">{{name}} is signed out everywhere, and REST tokens of {{name}} end. What {{name}} made stays.</p></div></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/users/{{id}}">Keep it</a></div>
  </form>
</section>
