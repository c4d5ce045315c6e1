{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/developers">Developers</a></li>
    <li aria-current="page">Add</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Add a developer</h1></div></div>
<form class="form form--cards" method="post" action="/admin/developers/new">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nobody was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-u">
    <div class="card__head"><h2 id="h-u">Who it is</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <div class="field{{#error_email}} field--error{{/error_email}}"><label for="f-email">E-mail</label><input class="input" id="f-email" name="email" type="email" value="{{email}}" maxlength="254" autocomplete="off" required{{#error_email}} aria-invalid="true"{{/error_email}}{{#focus_email}} autofocus{{/focus_email}}{{#error_email}} aria-describedby="e-email"{{/error_email}}>{{#error_email}}<p class="error" id="e-email"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_email}}</div>
      <div class="field{{#error_organisation_id}} field--error{{/error_organisation_id}}"><label for="f-organisation_id">Organisation</label><input class="input" id="f-organisation_id" name="organisation_id" value="{{organisation_id}}" autocomplete="off" maxlength="200"{{#error_organisation_id}} aria-invalid="true"{{/error_organisation_id}}{{#focus_organisation_id}} autofocus{{/focus_organisation_id}} aria-describedby="{{#error_organisation_id}}e-organisation_id {{/error_organisation_id}}h-organisation_id">{{#error_organisation_id}}<p class="error" id="e-organisation_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_organisation_id}}<p class="hint" id="h-organisation_id">Name or id. Empty: a new one with the developer's name, and the developer manages it.</p></div>
      <fieldset>
        <legend class="label">Role</legend>
        <div class="picks" id="f-role">
          <div class="choice"><input type="radio" id="r-member" name="role" value="member"{{#is_member}} checked{{/is_member}} aria-describedby="r-member-d"><label for="r-member">Member</label><span class="choice__hint" id="r-member-d">Sees and uses the organisation's keys.</span></div>
          <div class="choice"><input type="radio" id="r-manager" name="role" value="manager"{{#is_manager}} checked{{/is_manager}} aria-describedby="r-manager-d"><label for="r-manager">Manager</label><span class="choice__hint" id="r-manager-d">Also invites and removes members.</span></div>
        </div>
      </fieldset>
      <div class="field{{#error_password}} field--error{{/error_password}}"><label for="f-password">Password</label><input class="input" id="f-password" name="password" type="password" autocomplete="new-password" minlength="12"{{#error_password}} aria-invalid="true"{{/error_password}}{{#focus_password}} autofocus{{/focus_password}} aria-describedby="{{#error_password}}e-password {{/error_password}}h-password">{{#error_password}}<p class="error" id="e-password"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_password}}<p class="hint" id="h-password">Empty: the developer sets one by “Forgot your password?” at the portal.</p></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Create</button><a class="btn" href="/admin/developers">Cancel</a></div>
  </section>
</form>
