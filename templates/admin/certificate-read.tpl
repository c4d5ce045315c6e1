{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-read" data-when="mtls">
  <div class="card__head"><h2 id="h-read">Certificate read</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
  <div class="card__body stack"><dl class="facts facts--short">
      <dt>Subject</dt><dd>{{subject}}</dd>
      <dt>Issuer</dt><dd>{{issuer}}</dd>
      {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
      <dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd>
      <dt>Key</dt><dd>{{public_key}}</dd>
      <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
    </dl></div>
</section>
