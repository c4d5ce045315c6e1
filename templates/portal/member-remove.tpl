{{%AUTOESCAPE context="HTML"}}
<div class="head"><div class="head__text"><h1>Remove {{name}}?</h1></div></div>
<section class="card card--danger" aria-label="Remove a member">
  <div class="card__body stack">
    <p>{{name}} ({{email}}) does not see the organisation's keys any more. The keys stay as they are (those of a member who is switched off are switched off, too): if {{name}} has a private key of one of them, revoke that certificate too.</p>
    <form class="actions" method="post" action="/portal/organisation/members/{{id}}/remove"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--danger-solid" type="submit">Remove {{name}}</button><a class="btn" href="/portal/organisation">Cancel</a></form>
  </div>
</section>
