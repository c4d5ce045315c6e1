{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li><a href="/admin/certificates/{{id}}">{{short_name}}</a></li>
    <li><a href="/admin/certificates/{{id}}/crl">Revocation list</a></li>
    <li aria-current="page">Forget</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/certificates/{{id}}/crl/delete">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="card__body form"><div><h1 id="h-conf">Forget the revocation list of {{short_name}}?</h1><p class="muted">What is on it is let in again where this CA is trusted.</p></div>{{#crl}}<dl class="facts facts--short">
        <dt>Entries</dt><dd>{{entries}}</dd>
        <dt>Made</dt><dd>{{#this_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/this_update}}</dd>
        <dt>Counts</dt><dd>{{#next_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/next_update}}{{#no_next_update}}without an end{{/no_next_update}}</dd>
      </dl>{{/crl}}{{#no_crl}}<p>There is none to forget.</p>{{/no_crl}}</div>
    <div class="card__foot actions">{{#crl}}<button class="btn btn--danger-solid" type="submit">Forget the list</button>{{/crl}}<a class="btn" href="/admin/certificates/{{id}}">{{#crl}}Keep it{{/crl}}{{#no_crl}}Back to the certificate{{/no_crl}}</a></div>
  </form>
</section>
