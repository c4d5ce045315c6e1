{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/organisations">Organisations</a></li>
    <li aria-current="page">Add</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Add an organisation</h1></div></div>
<form class="form form--cards" method="post" action="/admin/organisations/new">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-o">
    <div class="card__head"><h2 id="h-o">Organisation</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <div class="field{{#error_contacts}} field--error{{/error_contacts}}"><label for="f-contacts">Contacts</label><textarea class="textarea" id="f-contacts" name="contacts" rows="3"{{#error_contacts}} aria-invalid="true"{{/error_contacts}}{{#focus_contacts}} autofocus{{/focus_contacts}} aria-describedby="{{#error_contacts}}e-contacts {{/error_contacts}}h-contacts">{{contacts:p}}</textarea>{{#error_contacts}}<p class="error" id="e-contacts"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_contacts}}<p class="hint" id="h-contacts">E-mail addresses, one a line, that get notices about the keys beside the developers.</p></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Create</button><a class="btn" href="/admin/organisations">Cancel</a></div>
  </section>
</form>
