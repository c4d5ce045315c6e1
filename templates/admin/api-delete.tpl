{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/apis">APIs</a></li>
    <li><a href="/admin/apis/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/apis/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body form">
      <div><h1 id="h-conf">Delete {{name}}?</h1><p class="muted">From the next request on, calls below <code class="path">{{listen_path}}</code> are answered 404.</p></div>
      <dl class="facts">
        <dt>Leads to</dt><dd><code class="path">{{target_url}}</code></dd>
        <dt>Loses</dt><dd>Every key and policy loses its right to this API, and keeps its others.</dd>
        <dt>Undo</dt><dd>Not possible. To pause the API, switch it off instead.</dd>
      </dl>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/apis/{{id}}">Keep it</a></div>
  </form>
</section>
