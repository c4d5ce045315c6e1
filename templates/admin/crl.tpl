{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li><a href="/admin/certificates/{{id}}">{{short_name}}</a></li>
    <li aria-current="page">Revocation list</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><div class="head__title"><h1>Revocation list of {{short_name}}</h1>{{#crl}}{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}{{/crl}}</div><p>What is on it is refused where this CA is what is trusted. Past its end every certificate of the CA is refused until a newer list is here.</p></div></div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}
{{#crl}}<section class="card" aria-labelledby="h-now"><div class="card__head"><h2 id="h-now">The list that is here</h2></div><div class="card__body"><dl class="facts facts--short">
        <dt>Entries</dt><dd>{{entries}}</dd>
        <dt>Made</dt><dd>{{#this_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/this_update}}</dd>
        <dt>Counts</dt><dd>{{#next_update}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/next_update}}{{#no_next_update}}without an end{{/no_next_update}}</dd>
      </dl></div></section>{{/crl}}
<form class="form form--cards" method="post" action="/admin/certificates/{{id}}/crl" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <section class="card" aria-labelledby="h-new">
    <div class="card__head"><h2 id="h-new">The newest list</h2></div>
    <div class="card__body form">
      <div class="field{{#error_list}} field--error{{/error_list}}"><label for="f-list">Revocation list (PEM)</label><textarea class="textarea textarea--pem" id="f-list" name="list" rows="6" spellcheck="false" autocomplete="off" placeholder="-----BEGIN X509 CRL-----"{{#error_list}} aria-invalid="true"{{/error_list}}{{#focus_list}} autofocus{{/focus_list}} aria-describedby="{{#error_list}}e-list {{/error_list}}h-list"></textarea>{{#error_list}}<p class="error" id="e-list"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_list}}<p class="hint" id="h-list">The CA’s complete list, with its signature.</p></div>
      <div class="row"><span class="file"><label class="btn" for="upload"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Upload a file</label><input type="file" id="upload" name="upload" accept=".crl,.pem,.der,application/pkix-crl"></span></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button><a class="btn" href="/admin/certificates/{{id}}">Cancel</a></div>
  </section>
</form>
{{#crl}}<section class="card card--danger" aria-labelledby="h-del">
  <div class="card__head"><h2 id="h-del">Forget</h2></div>
  <div class="card__body stack"><p class="muted">What is on it is let in again where this CA is trusted.</p><a class="btn btn--danger" href="/admin/certificates/{{id}}/crl/delete">Forget the list</a></div>
</section>{{/crl}}
