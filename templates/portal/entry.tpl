{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/">Catalogue</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><h1>{{name}}</h1></div>
  <div class="head__tools">{{#has_documentation_url}}<a class="btn" href="{{documentation_url}}" rel="noopener"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#external-link"/></svg>Documentation</a>{{/has_documentation_url}}<a class="btn btn--primary" href="/portal/apis/{{id}}/request">Request a key</a></div>
</div>
<div class="grid grid--main">
  <div class="col">
    <section class="card" aria-label="Description">
      <div class="card__body prose">
        {{#has_description_html}}{{description_html:none}}{{/has_description_html}}
        {{#no_description_html}}<p class="muted">There is no description yet.</p>{{/no_description_html}}
      </div>
    </section>
    {{#has_apis}}<section class="card" aria-labelledby="h-call">
      <div class="card__head"><h2 id="h-call">First call</h2></div>
      <div class="card__body stack">
        {{#apis}}<p>{{name}}:</p>
        <pre class="code" data-copy tabindex="0">{{line}}</pre>
        {{/apis}}
      </div>
    </section>{{/has_apis}}
  </div>
  <div class="col">
    {{>plan}}
    {{#has_keys}}<section class="card" aria-labelledby="h-have"><div class="card__head"><h2 id="h-have">Your keys for {{name}}</h2></div><ul class="lines">{{#keys}}<li><a class="grow" href="{{link}}">{{name}}</a>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</li>{{/keys}}</ul>{{#more_keys}}<div class="card__foot"><p class="muted">And others: see <a href="/portal/keys">my keys</a>.</p></div>{{/more_keys}}</section>{{/has_keys}}
  </div>
</div>
