"""Pages of the shop: forms, uploads, streams, files, and one that fails."""

import hashlib
import os

from django import forms
from django.conf import settings
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render

from .models import Item


class ItemForm(forms.Form):
    name = forms.CharField(max_length=50)
    cents = forms.IntegerField(min_value=1)


def index(request):
    form = ItemForm(request.POST or None)
    if form.is_valid():
        Item.objects.create(**form.cleaned_data)
        request.session["added"] = request.session.get("added", 0) + 1
        return redirect("index")
    return render(request, "index.html", {"form": form, "items": Item.objects.order_by("id")})


def upload(request):
    found = []
    for file in request.FILES.getlist("file"):
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        found.append([file.name, file.size, type(file).__name__, digest.hexdigest()])
    return JsonResponse({"files": found, "note": request.POST.get("note")})


def stream(request):
    def rows():
        for i in range(3):
            yield "row %d, ü\n" % i

    return StreamingHttpResponse(rows(), content_type="text/plain; charset=utf-8")


def file(request):
    return FileResponse(open(os.path.join(settings.DATA, "document.txt"), "rb"), as_attachment=True, filename="Grüße.txt")


def about(request, rest):
    names = ("path", "path_info", "method", "encoding")
    answer = {name: getattr(request, name) for name in names}
    answer.update(rest=rest, get=dict(request.GET.lists()), host=request.get_host(), secure=request.is_secure())
    return JsonResponse(answer)


def failing(request):
    raise RuntimeError("asked for")


def raw(request):
    return HttpResponse(hashlib.sha256(request.read()).hexdigest())
