{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li><a href="/admin/certificates/{{id}}">{{short_name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/certificates/{{id}}/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="card__body form">
      <div><h1 id="h-conf">Delete {{short_name}}?</h1><p class="muted">It is forgotten and may be registered again. To block one for good, revoke it on its key.</p></div>
      <dl class="facts">
        <dt>Subject</dt><dd>{{subject}}</dd>
        <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
        {{#key}}<dt>Key</dt><dd><a href="/admin/keys/{{id}}">{{name}}</a> uses it</dd>{{/key}}
        {{#has_apis}}<dt>APIs</dt><dd>{{#apis}}<a href="/admin/apis/{{id}}">{{name}}</a> {{/apis}}trust it: take it out of them first.</dd>{{/has_apis}}
      </dl>
      {{#key}}<div class="check"><input type="checkbox" id="cascade" name="cascade" value="1"><label for="cascade">Also take it from the key {{name}}: calls with it are refused then</label></div>{{/key}}
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Delete {{short_name}}</button><a class="btn" href="/admin/certificates/{{id}}">Keep it</a></div>
  </form>
</section>
