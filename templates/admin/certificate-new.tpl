{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li aria-current="page">Add</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Add a certificate</h1><p>A client’s certificate is better added with its key: it comes here by itself.</p></div></div>
<form class="form form--cards" method="post" action="/admin/certificates/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The certificate was not added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-c">
    <div class="card__head"><h2 id="h-c">The certificate</h2></div>
    <div class="card__body form">
      <fieldset>
        <legend class="label">Kind</legend>
        <div class="picks">
          <div class="choice"><input type="radio" id="k-ca" name="kind" value="ca"{{#is_ca}} checked{{/is_ca}} aria-describedby="k-ca-d"><label for="k-ca">CA</label><span class="choice__hint" id="k-ca-d">Issues clients of APIs that trust it.</span></div>
          <div class="choice"><input type="radio" id="k-client" name="kind" value="client"{{#is_client}} checked{{/is_client}} aria-describedby="k-client-d"><label for="k-client">Client</label><span class="choice__hint" id="k-client-d">For a key that is made later.</span></div>
          <div class="choice"><input type="radio" id="k-up" name="kind" value="upstream"{{#is_upstream}} checked{{/is_upstream}} aria-describedby="k-up-d"><label for="k-up">Upstream</label><span class="choice__hint" id="k-up-d">What a server behind certgate shows, or its CA.</span></div>
        </div>
      </fieldset>
      {{>certificate_field}}
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Add</button><a class="btn" href="/admin/certificates">Cancel</a></div>
  </section>
</form>
