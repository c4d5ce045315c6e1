{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/policies">Policies</a></li>
    <li><a href="/admin/policies/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/policies/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body form">
      {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The policy was not deleted</h2>{{>faults}}</div>{{/failed}}
      <div><h1 id="h-conf">Delete {{name}}?</h1><p class="muted">Keys lose what it gives them from the next request on. To pause it, switch Active off instead.</p></div>
      <div class="check"><input type="checkbox" id="detach" name="detach" value="1"><label for="detach">Also take it from the keys that have it</label></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/policies/{{id}}">Keep it</a></div>
  </form>
</section>
