{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Catalogue</h1><p>{{#one}}One API.{{/one}}{{#several}}{{number}} APIs.{{/several}}{{#paged}}APIs by name, page by page.{{/paged}} Your client certificate is your key.</p></div>
  {{#searchable}}<div class="head__tools"><form class="filters" role="search" action="/portal/"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search the catalogue</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Search"></div><button class="btn" type="submit">Search</button>{{#searched}}<a class="btn" href="/portal/">Show all</a>{{/searched}}</form></div>{{/searchable}}
</div>
{{#has_items}}<div class="grid grid--cards">
  {{#items}}<article class="card tile">
    <div class="row row--between"><h2><a href="/portal/apis/{{id}}">{{name}}</a></h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
    {{#has_summary}}<p>{{summary}}</p>{{/has_summary}}
    <p class="tile__foot"><span>{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}No rate limit{{/no_rate}}</span><span>{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}No quota{{/no_quota}}</span></p>
  </article>
  {{/items}}
</div>
{{#has_next}}<div class="pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
{{#no_items}}<section class="card empty" aria-labelledby="h-none"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#book-open"/></svg>
  {{#searched}}<h2 id="h-none">No API fits “{{q}}”</h2><p>Searched are names and descriptions.</p>{{/searched}}
  {{#no_searched}}<h2 id="h-none">Nothing is offered yet</h2><p>The owner of this host has put no API into the catalogue so far. Come back later, or ask them.</p>{{/no_searched}}
</section>{{/no_items}}
{{#newcomer}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#file-key"/></svg>
  <h2>New here? You need a certificate first</h2>
  <p>One command makes it on your own machine. Give us only the public part, <code>client.crt</code>.</p><pre class="code" data-copy tabindex="0">openssl req -x509 -newkey rsa:4096 -nodes -days 365 -keyout client.key -out client.crt -subj "/CN=my-client"</pre>
</div>{{/newcomer}}
