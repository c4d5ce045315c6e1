{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/developers">Developers</a></li>
    <li><a href="/admin/developers/{{id}}">{{name}}</a></li>
    <li aria-current="page">Delete</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Delete {{name}}?</h1></div></div>
<section class="card card--danger" aria-label="Delete a developer">
  <div class="card__body stack">
    <p>{{name}} ({{email}}) cannot sign in any more. Sessions, links, mails and requests end with the account. The audit keeps what was done under this address: none of its entries can be changed.</p>
    {{#last}}<p><strong>This is the last developer of {{organisation}}: its keys are removed too, and are refused from the next request on.</strong> To keep them, transfer them first.</p>{{/last}}
    {{#no_last}}<p>The keys of {{organisation}} stay as they are; those of a developer who is switched off are switched off, too.</p>{{/no_last}}
    <p><a href="/admin/developers/{{id}}/export" download>Download the data first</a></p>
    <form class="actions" method="post" action="/admin/developers/{{id}}/delete"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="revision" value="{{revision}}"><button class="btn btn--danger-solid" type="submit">Delete {{name}}</button><a class="btn" href="/admin/developers/{{id}}">Cancel</a></form>
  </div>
</section>
