{{%AUTOESCAPE context="HTML"}}
<div class="head"><div class="head__text"><h1>Key requests</h1><p>{{#none_waits}}Nothing waits{{/none_waits}}{{#some_wait}}{{number}} waiting{{#oldest}}, the oldest since <time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/oldest}}{{/some_wait}}</p></div><div class="head__tools"><ul class="segmented" aria-label="Which">
  <li><a href="/admin/requests"{{#is_pending}} aria-current="true"{{/is_pending}}>Waiting</a></li>
  <li><a href="/admin/requests?status=approved"{{#is_approved}} aria-current="true"{{/is_approved}}>Approved</a></li>
  <li><a href="/admin/requests?status=declined"{{#is_declined}} aria-current="true"{{/is_declined}}>Declined</a></li>
  <li><a href="/admin/requests?status=withdrawn"{{#is_withdrawn}} aria-current="true"{{/is_withdrawn}}>Withdrawn</a></li>
</ul></div></div>
<form class="filters" role="search" action="/admin/requests"><input type="hidden" name="status" value="{{status}}"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search requests</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Developer, API or key"></div><button class="btn" type="submit">Search</button>{{#searched}}<a class="btn" href="/admin/requests?status={{status}}">Show all</a>{{/searched}}</form>
{{#was_approved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Approved</h2><p>The key works from the next call on; the developer gets a mail.</p></div>{{/was_approved}}{{#was_declined}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Declined</h2><p>The developer gets a mail with the reason.</p></div>{{/was_declined}}
{{#cards}}{{>card}}{{/cards}}
{{#has_next}}<div class="pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
{{#no_cards}}<section class="card empty" aria-labelledby="h-none"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#inbox"/></svg>
  {{#searched}}<h2 id="h-none">No request fits “{{q}}”</h2><p>Searched are developers, APIs and key names.</p>{{/searched}}
  {{#no_searched}}<h2 id="h-none">{{#is_pending}}No request waits{{/is_pending}}{{#no_is_pending}}There is none{{/no_is_pending}}</h2><p>Developers ask for keys of what the <a href="/admin/catalogue">catalogue</a> offers. You get a mail for each, if your user has an address.</p>{{/no_searched}}
</section>{{/no_cards}}
